"""Two processes of a service beside one: what a second core brings, as far as callers and database leave it to them."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from tests.bench.carts import Carts, carts_of, pid_of
from tests.bench.figures import Figure, ratio
from tests.bench.house import USUAL_RATIO, House
from tests.bench.load.plan import Load
from tests.bench.rounds import Effort, in_turns
from tests.bench.row import Row
from tests.bench.sides import Side
from tests.bench.spells import Spell, cpu_ms, merged

NAME = "workers"
RATE_GOAL, CPU_GOAL = 1.5, 1.1
ONE, TWO = "one process", "two processes"
CONCURRENCY = 16
"""Of each process."""


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Call `GetCart` on the stub: all calls of one process, or as many more of a second one beside it."""
    furnished = await house.usual()
    answers = await carts_of(furnished)
    async with AsyncExitStack() as stack:
        carts = Carts(house, furnished, stack)
        stub = await carts.stub()

        async def worker(name: str, **apart: int) -> Side:
            cart = await carts.cart(stub.uri, trace_ratio=USUAL_RATIO)
            client = await house.client(stack, "get_cart", cart.address, furnished, expected=answers)
            return Side(client, {name: pid_of(cart)}, apart)

        first, second = await worker("first", stub=stub.process_id), await worker("second")

        async def alone(seconds: float) -> Spell:
            return await first.spell(Load(seconds=seconds, concurrency=CONCURRENCY))

        async def together(seconds: float) -> Spell:
            load = Load(seconds=seconds, concurrency=CONCURRENCY)
            return merged(await asyncio.gather(first.spell(load), second.spell(load)))

        turns = await in_turns({ONE: alone, TWO: together}, effort)
        stub.check()
    return [
        ratio(
            NAME,
            name,
            subject=turns[TWO],
            reference=turns[ONE],
            quantity=quantity,
            told_as=told_as,
            against=ONE,
            goal=goal,
            at_least=at_least,
        )
        for name, quantity, told_as, goal, at_least in (
            ("calls a second", _rate, "calls a second", RATE_GOAL, True),
            ("CPU of a call", cpu_ms, "ms CPU a call", CPU_GOAL, False),
        )
    ]


def _rate(spell: Spell) -> float:
    return spell.rate


ROW = Row(NAME, "two processes of cart beside one", measure)
