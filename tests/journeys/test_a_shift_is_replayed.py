"""A store that was offline tells its shift later, in order, and it is as if it had told it then.

Sixty commands of three customers, with the ids and times of the shift: changes of their carts, and sales rung up while
nobody could be asked. The replay breaks half way and begins again from the start.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from grpc import StatusCode
from grpc.aio import AioRpcError

import omnithread
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, RemoveItemRequest
from omnithread.cart.v1.order_pb2 import ExternalOrder
from omnithread.cart.v1.order_service_pb2 import ExternalLine, ListOrdersRequest, RecordOrderRequest
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_ORDER_PLACED, Journey
from omnithread.context.v1.context_service_pb2 import ListJourneysRequest
from tests.journeys.people import add, cart_of, context_of, journey_of, log_in, somebody
from tests.running_suite import Channels, until

SHIFT = timedelta(hours=5)
COMMANDS_OF_EACH = 20
Command = AddItemRequest | RemoveItemRequest | RecordOrderRequest


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened in the shift, and as the how-many-th."""

    begin: datetime
    number: int

    @property
    def time(self) -> Timestamp:
        return to_timestamp(self.begin + self.number * SHIFT / 70)


def added(customer_id: str, sku: str, quantity: int, at: Moment) -> AddItemRequest:
    price = Money(currency_code="EUR", units=10)
    return AddItemRequest(
        customer_id=customer_id,
        sku=sku,
        name=sku,
        unit_price=price,
        quantity=quantity,
        request_id=omnithread.new_request_id(),
        issue_time=at.time,
    )


def sold(customer_id: str, sku: str, quantity: int, at: Moment) -> RecordOrderRequest:
    price = Money(currency_code="EUR", units=9)
    return RecordOrderRequest(
        customer_id=customer_id,
        external=ExternalOrder(system="till-3", number=f"{customer_id[-12:]}/{at.number}"),
        lines=[ExternalLine(sku=sku, name=sku, unit_price=price, quantity=quantity)],
        occur_time=at.time,
        store_id="042",
        request_id=omnithread.new_request_id(),
        issue_time=at.time,
    )


def shift_of(customers: Sequence[str]) -> list[Command]:
    """What a till kept: each customer tries things, leaves some, and buys some at the till."""
    begin = datetime.now(UTC) - SHIFT
    commands: list[Command] = []
    for number in range(COMMANDS_OF_EACH):
        for customer_id in customers:
            at = Moment(begin, len(commands))
            if number == COMMANDS_OF_EACH - 1:
                commands.append(sold(customer_id, "scarf", 3, at))
            elif number == COMMANDS_OF_EACH - 2:
                commands.append(
                    RemoveItemRequest(
                        customer_id=customer_id,
                        sku="glove",
                        request_id=omnithread.new_request_id(),
                        issue_time=at.time,
                    )
                )
            else:
                commands.append(added(customer_id, "scarf" if number % 2 else "glove", 1, at))
    return commands


async def tell(store: omnithread.Omnithread, command: Command) -> bool:
    """Tell one command; gives whether it had been told before."""
    match command:
        case AddItemRequest():
            return (await store.cart.AddItem(command)).replayed
        case RemoveItemRequest():
            return (await store.cart.RemoveItem(command)).replayed
        case RecordOrderRequest():
            return (await store.orders.RecordOrder(command)).replayed


async def test_a_shift_told_later_counts_once_and_in_its_order(channels: Channels) -> None:
    sessions = [await log_in(channels.shop, somebody()) for _ in range(3)]
    customers = [session.customer_id for session in sessions]
    commands = shift_of(customers)
    for session in sessions:  # the web goes on while the store is offline
        with session.carry():
            await add(channels.shop, session.customer_id, "scarf", quantity=2, euros=12)
            await add(channels.shop, session.customer_id, "hat")

    assert not any([await tell(channels.store, command) for command in commands[:30]])
    replayed = [await tell(channels.store, command) for command in commands]
    assert replayed == [True] * 30 + [False] * 30
    assert all([await tell(channels.store, command) for command in commands])

    for customer_id in customers:
        for channel in channels.four:
            # Nine scarves at the store's price less the three that were bought; the web's came later and stay.
            assert await cart_of_each(channel, customer_id) == {("scarf", 10): 6, ("scarf", 12): 2, ("hat", 10): 1}
        (order,) = (await channels.shop.orders.ListOrders(ListOrdersRequest(customer_id=customer_id))).orders
        assert order.place_time == commands[-3 + customers.index(customer_id)].issue_time
        assert [one.order_id for one in (await context_of(channels.app, customer_id)).cart.recent_orders] == [
            order.order_id
        ]
        sold, present = await journeys_of(channels, customer_id)
        assert (sold.end_time, present.previous_journey_id) == (order.place_time, sold.journey_id)
        told = await told_by_the_store(channels, customer_id, sold.journey_id)
        assert [time for time, _ in told] == [
            command.issue_time.ToDatetime(UTC) for command in commands if command.customer_id == customer_id
        ]
        assert [kind for _, kind in told].index(TOUCHPOINT_KIND_ORDER_PLACED) == len(told) - 1


async def test_what_may_have_been_forgotten_is_not_told_twice(channels: Channels) -> None:
    customer_id = (await log_in(channels.shop, somebody())).customer_id
    commands = shift_of([customer_id])
    late = commands.pop(3)
    for command in commands:
        await tell(channels.store, command)
    for _ in range(128):
        await add(channels.shop, customer_id, "pin")
    before = await cart_of(channels.shop, customer_id)
    for command in (late, commands[0]):
        with pytest.raises(AioRpcError) as refused:
            await tell(channels.store, command)
        assert refused.value.code() is StatusCode.FAILED_PRECONDITION
        assert omnithread.details_of(refused.value).reason == "REQUEST_TOO_OLD"
    assert await cart_of(channels.shop, customer_id) == before


async def cart_of_each(channel: omnithread.Omnithread, customer_id: str) -> dict[tuple[str, int], int]:
    """How many of what at which price, as a channel sees it."""
    context = await context_of(channel, customer_id)
    return {(line.sku, line.unit_price.units): line.quantity for line in context.cart.cart.lines}


async def journeys_of(channels: Channels, customer_id: str) -> list[Journey]:
    """The customer's journeys, oldest first, as soon as the last sale is in them."""

    async def look() -> list[Journey]:
        answer = await channels.agent.context.ListJourneys(ListJourneysRequest(customer_id=customer_id))
        return list(reversed(answer.journeys))

    return await until(look, lambda found: len(found) == 2)


async def told_by_the_store(channels: Channels, customer_id: str, journey_id: str) -> list[tuple[datetime, int]]:
    """What a journey has from the store, in the order in which it shows it."""
    touchpoints = await journey_of(channels.agent, customer_id, journey_id)
    return [
        (touchpoint.occur_time.ToDatetime(UTC), touchpoint.kind)
        for touchpoint in touchpoints
        if touchpoint.channel.id == "store-042"
    ]
