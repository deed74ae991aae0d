"""Journeys to look at: some dozens of visitors over two months and five channels, told through the suite's own doors.

What they did is told with the times at which it would have happened; `make up` and the browser tests put them where
none are. Nobody of them has an address, so that no message goes out.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

import omnithread
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.cart.v1.order_pb2 import (
    ORDER_STATE_CANCELLED,
    ORDER_STATE_DELIVERED,
    ORDER_STATE_PICKED_UP,
    ORDER_STATE_PLACED,
    ExternalOrder,
    OrderState,
)
from omnithread.cart.v1.order_service_pb2 import AdvanceOrderRequest, ExternalLine, RecordOrderRequest
from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest, StartSessionRequest
from omnithread.profile.v1.profile_pb2 import Identifier
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest

WEB, APP, STORE, AGENT, MAIL = "web-shop", "mobile-app", "store-042", "call-centre", "mail-gateway"
CHANNELS = (WEB, APP, STORE, AGENT, MAIL)
"""On which channels they were; those of the store and the call centre need somebody who works there."""
VISITORS = 40
AT_ONCE = 8
SYSTEM = "sample-till"
ARTICLES = (("BOOTS-3", "Boots Lena", 89), ("PURSE-17", "Handtasche Marlene", 129), ("SCARF-2", "Scarf Nora", 35))
VIEWED, CLICKED = context.TOUCHPOINT_KIND_PRODUCT_VIEWED, context.TOUCHPOINT_KIND_AD_CLICKED
SEARCHED, FOLLOWED = context.TOUCHPOINT_KIND_SEARCHED, context.TOUCHPOINT_KIND_LINK_FOLLOWED
CALLED, CAME = context.TOUCHPOINT_KIND_CALL_ANSWERED, context.TOUCHPOINT_KIND_STORE_VISITED

Clients = Mapping[str, omnithread.Omnithread]
"""A connection for each of the channels."""


@dataclass(frozen=True, slots=True)
class Way:
    """How some of them went: what happened where, days after the beginning."""

    days_ago: float
    """When it began, at most 30 days: older news of a visit is not taken. Sales may be older."""
    steps: Sequence[tuple[float, str, context.TouchpointKind.ValueType]]
    bought: tuple[float, str, OrderState.ValueType] | None = None
    """When, on which channel, and what became of the order in the end."""
    fails: bool = False
    """They wanted to order at last, and could not."""


WAYS = (
    Way(26, ((0, WEB, CLICKED), (0.01, WEB, VIEWED), (1, MAIL, FOLLOWED), (1.02, WEB, VIEWED), (4, STORE, CAME)),
        (4.02, STORE, ORDER_STATE_PICKED_UP)),
    Way(21, ((0, WEB, VIEWED), (0.5, APP, VIEWED), (3, MAIL, FOLLOWED)), (3.05, APP, ORDER_STATE_DELIVERED)),
    Way(18, ((0, APP, SEARCHED), (0.01, APP, VIEWED), (2, AGENT, CALLED), (6, STORE, CAME))),
    Way(24, ((0, STORE, CAME), (2, WEB, VIEWED)), (2.1, WEB, ORDER_STATE_CANCELLED)),
    Way(12, ((0, WEB, SEARCHED), (0.02, WEB, VIEWED), (1, AGENT, CALLED), (1.1, WEB, VIEWED)), fails=True),
    Way(9, ((0, WEB, CLICKED), (0.01, WEB, VIEWED)), (0.1, WEB, ORDER_STATE_PLACED)),
    Way(29, ((0, WEB, VIEWED), (7, MAIL, FOLLOWED))),
    Way(6, ((0, APP, VIEWED), (1, STORE, CAME)), (1.01, STORE, ORDER_STATE_PICKED_UP)),
)  # fmt: skip
"""One after the other, over and over; each begins a little later than the one before it."""
OLD_SALE = timedelta(days=55)
"""Every fifth of them bought something in the store so long ago."""


async def put_journeys(clients: Clients, *, now: datetime, visitors: int = VISITORS) -> list[str]:
    """Tell of the visitors, where the first of them is not known yet; give their ids. A few seconds for all."""
    try:
        await clients[WEB].profile.GetProfile(GetProfileRequest(identifier=_cookie(0)))
    except grpc.aio.AioRpcError as error:
        if omnithread.details_of(error).reason != "CUSTOMER_NOT_FOUND":
            raise
    else:
        return []
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> str:
        async with slots:
            return await _live(clients, number, now)

    others = await asyncio.gather(*(one(number) for number in range(1, visitors)))
    return [await one(0), *others]  # the first one last: with them it is known that all are there


async def _live(clients: Clients, number: int, now: datetime) -> str:
    way = WAYS[number % len(WAYS)]
    begin = now - timedelta(days=way.days_ago) + timedelta(hours=number / 4, minutes=7 * number % 15)
    start = StartSessionRequest(identifiers=[_cookie(number)], issue_time=_time(begin))
    customer_id = (await clients[way.steps[0][1]].context.StartSession(start)).customer_id
    sku, name, price = ARTICLES[number % len(ARTICLES)]
    if number % 5 == 0:
        await _sell(clients, number, customer_id, begin - OLD_SALE, (0, STORE, ORDER_STATE_PICKED_UP))
    for day, channel_id, kind in way.steps:
        await clients[channel_id].context.RecordTouchpoint(
            RecordTouchpointRequest(
                customer_id=customer_id,
                kind=kind,
                subject="autumn" if kind in {CLICKED, FOLLOWED} else sku,
                occur_time=_time(begin + timedelta(days=day)),
            )
        )
    if way.bought is not None:
        await _sell(clients, number, customer_id, begin, way.bought, ExternalLine(sku=sku, name=name), price)
    if way.fails:
        await _fail(clients[WEB], customer_id)
    return customer_id


async def _sell(
    clients: Clients,
    number: int,
    customer_id: str,
    begin: datetime,
    bought: tuple[float, str, OrderState.ValueType],
    line: ExternalLine | None = None,
    price: int = 20,
) -> None:
    days, channel_id, state = bought
    time = begin + timedelta(days=days)
    at_the_till = state == ORDER_STATE_PICKED_UP
    sold = line or ExternalLine(sku="SOCKS-1", name="Socks")
    sold.unit_price.CopyFrom(Money(currency_code="EUR", units=price))
    sold.quantity = 1
    sale = RecordOrderRequest(
        customer_id=customer_id,
        external=ExternalOrder(system=SYSTEM, number=f"{number}-{int(time.timestamp())}"),
        lines=[sold],
        occur_time=_time(time),
        store_id="042" if at_the_till else "",
        state=ORDER_STATE_PICKED_UP if at_the_till else ORDER_STATE_PLACED,
    )
    order = (await clients[channel_id].orders.RecordOrder(sale)).order
    if state in {ORDER_STATE_DELIVERED, ORDER_STATE_CANCELLED}:
        later = _time(time + timedelta(days=2))
        advance = AdvanceOrderRequest(customer_id=customer_id, order_id=order.order_id, state=state, occur_time=later)
        await clients[channel_id].orders.AdvanceOrder(advance)


async def _fail(client: omnithread.Omnithread, customer_id: str) -> None:
    """Let them order out of an empty cart, which is refused."""
    try:
        await client.cart.Checkout(CheckoutRequest(customer_id=customer_id, pickup=PickupChoice(store_id="042")))
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.FAILED_PRECONDITION:
            raise


def _cookie(number: int) -> Identifier:
    return omnithread.cookie(f"sample-visitor-{number}")


def _time(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
