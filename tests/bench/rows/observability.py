"""What it costs to see everything: all journeys sampled and exported, against the same five with nothing to see.

Off means that nothing is recorded or exported and only errors are logged. Metrics are counted on both sides: nothing
turns them off. Which spans there are, and with which attributes, stands beside the figure, so that a comparison of two
revisions shows what was paid for speed.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from tests.bench.company import NO_EXPORT
from tests.bench.compare import SHAPES
from tests.bench.figures import Figure, ratio
from tests.bench.house import Furnished, House
from tests.bench.loads import under
from tests.bench.rounds import Effort
from tests.bench.row import Row
from tests.bench.servers import Sink
from tests.bench.sides import Side
from tests.bench.spells import cpu_ms

NAME = "observability"
GOAL = 1.25
CONCURRENCY = 16
ON, OFF = "all journeys sampled", "nothing recorded"
OFTEN = 0.5
"""What comes with at least so many of the calls belongs to them; less is what happens in the background."""


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Measure two companies on the same servers."""
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(Sink(folder=house.folder))
        on = await house.furnished(stack, trace_ratio=1.0, sink=sink)
        off = await house.furnished(stack, trace_ratio=0.0, environment=NO_EXPORT)

        async def side(furnished: Furnished) -> Side:
            address = furnished.company.address("aggregator")
            client = await house.client(stack, "get_context", address, furnished, expected=furnished.contexts)
            apart = {"database": house.database_pid, "broker": house.broker_pid}
            return Side(client, furnished.company.pids, apart)

        sides = {OFF: await side(off), ON: await side(on)}
        await sink.told()
        turns = await under(sides, effort, concurrency=CONCURRENCY)
        told = await sink.told()
    calls = sum(spell.calls for spell in turns[ON])
    return [
        ratio(
            NAME,
            f"{ON}, {CONCURRENCY} at once",
            subject=turns[ON],
            reference=turns[OFF],
            quantity=cpu_ms,
            told_as="ms CPU a call",
            against=OFF,
            goal=GOAL,
            notes={SHAPES: shapes_of(told, calls), "spans a call": sum(told["counts"].values()) / max(1, calls)},
        )
    ]


def shapes_of(told: Mapping[str, Any], calls: int) -> dict[str, Any]:
    """Give the names of the spans that belong to the calls, with their attributes."""
    return {name: keys for name, keys in told["shapes"].items() if told["counts"][name] >= OFTEN * calls}


ROW = Row(NAME, "observability on: CPU of the five", measure)
