"""`AddItem`, against a bare handler that reads the record and puts it back, journalled and conditional.

Without the relay's work it runs on a stub that forgets what is to be announced, so that the relay looks and finds
nothing; with it, on one that keeps it.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from omnithread.cart.v1.cart_service_pb2 import AddItemResponse, GetCartResponse
from tests.bench.carts import Carts, carts_of, pid_of
from tests.bench.figures import Figure, ratio
from tests.bench.house import USUAL_RATIO, House
from tests.bench.load.plan import Load, to_bytes, to_text
from tests.bench.rounds import Effort, in_turns
from tests.bench.row import Row
from tests.bench.sides import Side
from tests.bench.spells import Spell, cpu_ms

NAME = "add_item"
GOAL, WITH_RELAY_GOAL = 1.4, 2.0
CONCURRENCIES = (1, 16)
REPLACE, ALONE, RELAYED = "bare handler with a find and a replace", "without the relay's work", "with the relay's work"


@dataclass(slots=True)
class Counting:
    """A side, and how many pieces it said that it had added."""

    side: Side
    concurrency: int = 1
    added: int = 0

    async def take(self, seconds: float) -> Spell:
        """Take one spell."""
        spell = await self.side.spell(Load(seconds=seconds, concurrency=self.concurrency))
        self.added += spell.calls
        return spell


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Measure it, and see at the end that all pieces are there."""
    furnished = await house.usual()
    answers = await carts_of(furnished)
    added = _added_from(next(iter(answers.values())))
    figures: list[Figure] = []
    async with AsyncExitStack() as stack:
        carts = Carts(house, furnished, stack)
        stubs = {name: await carts.stub(keeps_outbox=name != ALONE) for name in (REPLACE, ALONE, RELAYED)}
        bare = await carts.bare(mongo_uri=stubs[REPLACE].uri, added=added)
        client = await house.client(stack, "add_item", bare.address, furnished, fixed=added)
        sides = {REPLACE: Counting(Side(client, {"bare": pid_of(bare)}, {"stub": stubs[REPLACE].process_id}))}
        services = {}
        for name in (ALONE, RELAYED):
            services[name] = cart = await carts.cart(stubs[name].uri, trace_ratio=USUAL_RATIO)
            client = await house.client(stack, "add_item", cart.address, furnished)
            apart = {"stub": stubs[name].process_id, "broker": house.broker_pid}
            sides[name] = Counting(Side(client, {"cart": pid_of(cart)}, apart))
        for concurrency in CONCURRENCIES:
            for one in sides.values():
                one.concurrency = concurrency
            turns = await in_turns({name: one.take for name, one in sides.items()}, effort)
            for name, goal in ((ALONE, GOAL), (RELAYED, WITH_RELAY_GOAL)):
                figures.append(
                    ratio(
                        NAME,
                        f"{name}, {concurrency} at once",
                        subject=turns[name],
                        reference=turns[REPLACE],
                        quantity=cpu_ms,
                        told_as="ms CPU a call",
                        against=REPLACE,
                        goal=goal,
                    )
                )
        began = sum(_pieces(answer) for answer in answers.values())
        for name, cart in services.items():
            there = sum(_pieces(answer) for answer in (await carts_of(furnished, address=cart.address)).values())
            if there != began + sides[name].added:
                raise RuntimeError(f"{sides[name].added} pieces were added {name}, and {there - began} are there")
        for stub in stubs.values():
            stub.check()
    return figures


def _pieces(answer: str) -> int:
    return sum(line.quantity for line in GetCartResponse.FromString(to_bytes(answer)).cart.lines)


def _added_from(answer: str) -> str:
    """Give what `AddItem` answers for a cart as it is."""
    told = GetCartResponse.FromString(to_bytes(answer))
    added = AddItemResponse(cart=told.cart, head=told.head, line_id=told.cart.lines[0].line_id)
    return to_text(added.SerializeToString())


ROW = Row(NAME, "AddItem: server CPU", measure)
