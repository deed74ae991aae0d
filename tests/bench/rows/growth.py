"""What becomes of the cost as things grow: flat in customers, linear in what is returned.

On the embedded server, since growth is a matter of the database as well; its CPU counts.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

from omnithread.context.v1.context_service_pb2 import GetJourneyRequest
from tests.bench.carts import Carts, carts_of, pid_of
from tests.bench.customers import article, furnish, settled
from tests.bench.figures import Figure, ratio, value
from tests.bench.growing import copy_of, lengthen_journey
from tests.bench.house import USUAL_RATIO, Furnished, House
from tests.bench.load.kinds import JOURNEY_PAGE
from tests.bench.load.plan import Visitor, to_text
from tests.bench.loads import under
from tests.bench.rounds import Effort
from tests.bench.row import Row
from tests.bench.sides import Side
from tests.bench.spells import Spell, cpu_ms, cpu_ms_with_all
from tests.patience import patiently

NAME = "growth"
FLAT_GOAL, LINEAR_GOAL = 1.2, 1.3
"""What is flat may cost so much more where there is a hundred times as much; of what is linear, each further line."""
TIMES, FEW_TIMES = 100, 3
LINES, FEW_LINES = (1, 50, 200), (1, 5, 10)
TOUCHPOINTS, FEW_TOUCHPOINTS = 10_000, 100
CONCURRENCY = 4
LEAST_MS = 0.001
ONCE, GROWN = "as few customers", "many times the customers"


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Measure all three kinds of growth."""
    return [
        *await _customers(house, effort),
        *await _lines(house, effort),
        *await _touchpoints(house, effort),
    ]


async def _customers(house: House, effort: Effort) -> list[Figure]:
    furnished = await house.usual()
    answers = await carts_of(furnished)
    source, uri = furnished.company.plan.database("cart"), house.mongo.address.uri
    times, figures = effort.size(TIMES, FEW_TIMES), list[Figure]()
    async with AsyncExitStack() as stack:
        carts, reads, writes = Carts(house, furnished, stack), dict[str, Side](), dict[str, Side]()
        for name, factor in ((ONCE, 1), (GROWN, times)):
            target = f"{source}_{house.next_number()}"
            await asyncio.to_thread(copy_of, uri, source, target, times=factor)
            cart = await carts.cart(uri, trace_ratio=USUAL_RATIO, mongo_database=target)
            apart = {"database": house.database_pid}
            reader = await house.client(stack, "get_cart", cart.address, furnished, expected=answers)
            writer = await house.client(stack, "add_item", cart.address, furnished)
            reads[name] = Side(reader, {"cart": pid_of(cart)}, apart)
            writes[name] = Side(writer, {"cart": pid_of(cart)}, apart)
        for what, sides in (("GetCart", reads), ("AddItem", writes)):
            turns = await under(sides, effort, concurrency=CONCURRENCY)
            figures.append(
                ratio(
                    NAME,
                    f"{what}, {times} times the customers",
                    subject=turns[GROWN],
                    reference=turns[ONCE],
                    quantity=cpu_ms_with_all,
                    told_as="ms CPU a call, with the database",
                    against=f"{len(furnished.visitors)} customers",
                    goal=FLAT_GOAL,
                )
            )
    return figures


async def _lines(house: House, effort: Effort) -> list[Figure]:
    """Carts of three lengths: each line beyond the middle one costs what each before it does."""
    company = (await house.usual()).company
    lengths = FEW_LINES if effort.is_smoke else LINES
    async with company.connect("web-shop") as shop:
        visitors = await furnish(shop, len(lengths), word=f"long-{house.next_number()}", articles=1)
        for visitor, length in zip(visitors, lengths, strict=True):
            for number in range(1, length):
                await patiently(partial(shop.cart.AddItem, article(visitor.customer_id, f"line-{number}", "Hering", 2)))
    async with AsyncExitStack() as stack:
        sides: dict[str, Side] = {}
        for visitor, length in zip(visitors, lengths, strict=True):
            furnished = Furnished(company, [visitor], {})
            answers = await carts_of(furnished)
            client = await house.client(stack, "get_cart", company.address("cart"), furnished, expected=answers)
            sides[str(length)] = Side(client, {"cart": company.pids["cart"]}, {"database": house.database_pid})
        turns = await under(sides, effort, concurrency=CONCURRENCY)
    short, middle, long = lengths
    rounds = [
        _step(second, last, long - middle) / _step(first, second, middle - short)
        for first, second, last in zip(*(turns[str(length)] for length in lengths), strict=True)
        if not (first.is_void or second.is_void or last.is_void)
    ]
    told = {str(length): [cpu_ms(spell) for spell in turns[str(length)] if spell.calls] for length in lengths}
    name = f"GetCart, a line beyond {middle} of {long}"
    return [
        value(
            NAME,
            name,
            rounds=rounds,
            unit=f"times a line up to {middle}",
            goal=LINEAR_GOAL,
            void=effort.rounds - len(rounds),
            notes={"ms CPU a call, by lines": told},
        )
    ]


def _step(fewer: Spell, more: Spell, lines: int) -> float:
    """Give what each of so many lines costs, and never nothing: a short spell may not show it at all."""
    return max(cpu_ms(more) - cpu_ms(fewer), LEAST_MS) / lines


async def _touchpoints(house: House, effort: Effort) -> list[Figure]:
    company = (await house.usual()).company
    many = effort.size(TOUCHPOINTS, FEW_TOUCHPOINTS)
    async with company.connect("web-shop") as shop:
        visitors = await furnish(shop, 2, word=f"travelled-{house.next_number()}")
        await settled(shop, visitors)
        short, long = visitors
        database = company.plan.database("aggregator")
        await asyncio.to_thread(lengthen_journey, house.mongo.address.uri, database, long.customer_id, touchpoints=many)
        expected = {}
        for visitor in visitors:
            request = GetJourneyRequest(
                customer_id=visitor.customer_id, journey_id=visitor.journey_id, page_size=JOURNEY_PAGE
            )
            expected[visitor.customer_id] = to_text((await shop.context.GetJourney(request)).SerializeToString())
    async with AsyncExitStack() as stack:

        async def side(visitor: Visitor) -> Side:
            furnished = Furnished(company, [visitor], {})
            client = await house.client(
                stack, "get_journey", company.address("aggregator"), furnished, expected=expected
            )
            return Side(client, company.pids, {"database": house.database_pid})

        sides = {"short": await side(short), "long": await side(long)}
        turns = await under(sides, effort, concurrency=CONCURRENCY)
    return [
        ratio(
            NAME,
            f"GetJourney, a page of {many} touchpoints",
            subject=turns["long"],
            reference=turns["short"],
            quantity=cpu_ms_with_all,
            told_as="ms CPU a call, with the database",
            against="a page of some ten",
            goal=FLAT_GOAL,
        )
    ]


ROW = Row(NAME, "growth of data", measure)
