"""`GetCart` with everything on, against a bare handler that makes the same one driver call."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from tests.bench.carts import Carts, carts_of, pid_of
from tests.bench.figures import Figure, ratio
from tests.bench.house import USUAL_RATIO, House
from tests.bench.loads import under
from tests.bench.rounds import Effort, Turns
from tests.bench.row import Row
from tests.bench.sides import Side
from tests.bench.spells import Spell, cpu_ms

NAME = "get_cart"
USUAL_GOAL, ALL_SAMPLED_GOAL = 1.3, 1.6
CONCURRENCIES, RATE = (1, 16, 64), 100.0
NOTHING, FIND, USUAL, ALL_SAMPLED = "bare handler", "bare handler with a find", "one of ten sampled", "all sampled"
WHOLE_CONCURRENCY = 16


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Measure it on the stub under each load, and once on the embedded server."""
    furnished = await house.usual()
    answers = await carts_of(furnished)
    one_answer = next(iter(answers.values()))
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        carts = Carts(house, furnished, stack)
        stub = await carts.stub()
        beside = {"stub": stub.process_id}

        async def fixed(mongo_uri: str, **apart: int) -> Side:
            bare = await carts.bare(mongo_uri=mongo_uri, cart=one_answer)
            client = await house.client(stack, "get_cart", bare.address, furnished, fixed=one_answer)
            return Side(client, {"bare": pid_of(bare)}, apart)

        async def real(mongo_uri: str, trace_ratio: float, **apart: int) -> Side:
            cart = await carts.cart(mongo_uri, trace_ratio=trace_ratio)
            client = await house.client(stack, "get_cart", cart.address, furnished, expected=answers)
            return Side(client, {"cart": pid_of(cart)}, apart)

        on_stub = {
            NOTHING: await fixed(""),
            FIND: await fixed(stub.uri, **beside),
            USUAL: await real(stub.uri, USUAL_RATIO, **beside),
            ALL_SAMPLED: await real(stub.uri, 1.0, **beside),
        }
        for concurrency in CONCURRENCIES[-1:] if effort.is_smoke else CONCURRENCIES:
            figures += _figures(await under(on_stub, effort, concurrency=concurrency), f"{concurrency} at once")
        figures += _figures(await under(on_stub, effort, rate=RATE), f"{RATE:g} a second")
        stub.check()

        uri, database = house.mongo.address.uri, {"database": house.database_pid}
        whole = {FIND: await fixed(uri, **database), USUAL: await real(uri, USUAL_RATIO, **database)}
        turns = await under(whole, effort, concurrency=WHOLE_CONCURRENCY)
        figures.append(_figure(turns, USUAL, FIND, f"{WHOLE_CONCURRENCY} at once, embedded server", None))
    return figures


def _figures(turns: Turns[Spell], load: str) -> list[Figure]:
    return [
        _figure(turns, USUAL, FIND, f"{USUAL}, {load}", USUAL_GOAL),
        _figure(turns, ALL_SAMPLED, FIND, f"{ALL_SAMPLED}, {load}", ALL_SAMPLED_GOAL),
        _figure(turns, USUAL, NOTHING, f"{USUAL}, {load}, beside nothing", None),
    ]


def _figure(turns: Turns[Spell], subject: str, reference: str, name: str, goal: float | None) -> Figure:
    return ratio(
        NAME,
        name,
        subject=turns[subject],
        reference=turns[reference],
        quantity=cpu_ms,
        told_as="ms CPU a call",
        against=reference,
        goal=goal,
    )


ROW = Row(NAME, "GetCart: server CPU", measure)
