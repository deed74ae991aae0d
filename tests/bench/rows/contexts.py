"""Measures sorts of contexts beside NAIVE, which knows one sort only: alone for the time, many at once for the CPU."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.bench.figures import Figure, ratio
from tests.bench.house import USUAL_RATIO, House
from tests.bench.loads import under
from tests.bench.naive import start_naive
from tests.bench.rounds import Effort
from tests.bench.sides import Side
from tests.bench.spells import Spell, cpu_ms, p50_ms

ALONE, FEW, MANY = 1, 8, 64
NAIVE = "NAIVE"


@dataclass(frozen=True, slots=True)
class Goals:
    """What part of NAIVE's a context may take."""

    p50: float
    """With one call at once."""
    cpu: float
    """Of all processes with the database, with many."""


async def against_naive(
    house: House, effort: Effort, row: str, kinds: Mapping[str, tuple[str, Goals]]
) -> Sequence[Figure]:
    """Measure kinds of calls, by what they are called in the table, over the same records as NAIVE."""
    furnished = await house.usual()
    company, contexts = furnished.company, furnished.contexts
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        naive = await start_naive(house, stack, furnished, trace_ratio=USUAL_RATIO)
        database, broker = {"database": house.database_pid}, {"broker": house.broker_pid}

        async def side(kind: str, address: str, pids: dict[str, int]) -> Side:
            client = await house.client(stack, kind, address, furnished, expected=contexts)
            return Side(client, pids | database, broker)

        pids = {name: one.process_id for name, one in naive.items()}
        sides = {NAIVE: await side("get_context", naive["aggregator"].address, pids)}
        for called, (kind, _) in kinds.items():
            sides[called] = await side(kind, company.address("aggregator"), company.pids)
        for concurrency in (ALONE, effort.size(MANY, FEW)):
            turns = await under(sides, effort, concurrency=concurrency)
            for called, (_, goals) in kinds.items():
                name = f"{concurrency} at once" + (f", {called}" if len(kinds) > 1 else "")
                asked, usual = turns[called], turns[NAIVE]
                figures += _figures(row, name, asked, usual, goals, is_alone=concurrency == ALONE)
    return figures


def _figures(
    row: str, name: str, asked: Sequence[Spell], usual: Sequence[Spell], goals: Goals, *, is_alone: bool
) -> list[Figure]:
    """Compare both in time and in CPU: the time has a goal with one at once, the CPU with many."""
    return [
        ratio(
            row,
            f"{what}, {name}",
            subject=asked,
            reference=usual,
            quantity=quantity,
            told_as=told_as,
            against=NAIVE,
            goal=goal,
        )
        for what, quantity, told_as, goal in (
            ("p50", p50_ms, "ms", goals.p50 if is_alone else None),
            ("CPU of all processes", cpu_ms, "ms CPU a call", None if is_alone else goals.cpu),
        )
    ]
