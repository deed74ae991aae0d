"""Cart, its database or the broker is killed while customers pay: no order, code or piece is lost or doubled."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from google.type.money_pb2 import Money

from deploy.local.suite import Suite
from omnithread.cart.v1.cart_service_pb2 import AuditCartRequest, GetCartRequest
from omnithread.cart.v1.offer_pb2 import OFFER_CODE_RULE_SINGLE_USE, AmountOff, OfferTerms
from omnithread.cart.v1.offer_service_pb2 import (
    OFFER_CODE_STATE_REDEEMED,
    OFFER_CODE_STATE_RESERVED,
    ActivateOfferRequest,
    AddOfferCodesRequest,
    GetOfferCodeRequest,
    GetOfferCodeResponse,
    SaveOfferRequest,
)
from omnithread.cart.v1.order_pb2 import Order
from omnithread.cart.v1.order_service_pb2 import ListOrdersRequest
from tests.faults.buyers import Buyer
from tests.journeys.people import log_in, somebody
from tests.running_suite import Channels, until

pytestmark = pytest.mark.timeout(240)

OFFER = "faults-five-off"
CODES = 60
BUYERS = 3
AT_ONCE = 5


@pytest.fixture
async def buyers(channels: Channels) -> list[Buyer]:
    """Three customers who want the same codes, each on a channel of their own."""
    terms = OfferTerms(
        name="Five off",
        amount_off=AmountOff(amount=Money(currency_code="EUR", units=5)),
        on_cart=True,
        code_rule=OFFER_CODE_RULE_SINGLE_USE,
        combinable=True,
    )
    await channels.shop.offers.SaveOffer(SaveOfferRequest(offer_id=OFFER, terms=terms))
    await channels.shop.offers.ActivateOffer(ActivateOfferRequest(offer_id=OFFER))
    drawn = await channels.shop.offers.AddOfferCodes(AddOfferCodesRequest(offer_id=OFFER, drawn_count=CODES))
    places = (channels.shop, channels.app, channels.store)
    return [
        Buyer(channel=place, customer_id=(await log_in(place, somebody())).customer_id, codes=list(drawn.codes))
        for place in places[:BUYERS]
    ]


@asynccontextmanager
async def buying(buyers: list[Buyer], *, before: int = 2, after: int = 2) -> AsyncIterator[None]:
    """Let all buy: the block begins when each has some orders, and everything ends when each has some more."""
    stop = asyncio.Event()
    running = [asyncio.create_task(buyer.buy(stop)) for buyer in buyers]

    async def placed() -> list[int]:
        for task in running:
            if task.done():
                task.result()
        return [len(buyer.orders) for buyer in buyers]

    try:
        await until(placed, lambda counts: min(counts) >= before, limit_seconds=60)
        yield
        then = await placed()
        await until(
            placed,
            lambda counts: all(now >= was + after for now, was in zip(counts, then, strict=True)),
            limit_seconds=90,
        )
    finally:
        stop.set()
        outcomes = await asyncio.gather(*running, return_exceptions=True)
    for outcome in outcomes:
        if outcome is not None:
            raise outcome


async def orders_of(channels: Channels, customer_id: str) -> list[Order]:
    orders: list[Order] = []
    token = ""
    while True:
        request = ListOrdersRequest(customer_id=customer_id, page_size=100, page_token=token)
        page = await channels.agent.orders.ListOrders(request)
        orders += page.orders
        token = page.next_page_token
        if not token:
            return orders


async def assert_all_adds_up(channels: Channels, buyers: list[Buyer]) -> None:
    await channels.reach_everything()
    placed = {buyer.customer_id: await orders_of(channels, buyer.customer_id) for buyer in buyers}
    for buyer in buyers:
        ids = [order.order_id for order in placed[buyer.customer_id]]
        assert len(ids) == len(set(ids))
        assert set(buyer.orders) == set(ids), "an order was lost, or placed that nobody was told of"
        cart = (await channels.agent.cart.GetCart(GetCartRequest(customer_id=buyer.customer_id))).cart
        there = Counter[str]()
        for lines in (cart.lines, *(order.lines for order in placed[buyer.customer_id])):
            for line in lines:
                there[line.sku] += line.quantity
        assert there == buyer.put_in, "a piece was lost or doubled"
        audit = await channels.agent.cart.AuditCart(AuditCartRequest(customer_id=buyer.customer_id))
        assert audit.adds_up
    counted = Counter(
        offer.offer_code
        for orders in placed.values()
        for order in orders
        for offer in order.price.applied_offers
        if offer.offer_code
    )
    assert all(times == 1 for times in counted.values()), "a code was redeemed twice"
    assert counted == Counter(code for buyer in buyers for code in buyer.redeemed)

    async def fates() -> dict[str, GetOfferCodeResponse]:
        found: dict[str, GetOfferCodeResponse] = {}
        for start in range(0, CODES, AT_ONCE):  # cart, which has just been crowded, lets few in at once
            codes = buyers[0].codes[start : start + AT_ONCE]
            asked = [channels.agent.offers.GetOfferCode(GetOfferCodeRequest(code=code)) for code in codes]
            found |= dict(zip(codes, await asyncio.gather(*asked), strict=True))
        return found

    settled = await until(
        fates,
        lambda told: all(one.state != OFFER_CODE_STATE_RESERVED for one in told.values()),
        limit_seconds=60,
    )
    assert {code for code, one in settled.items() if one.state == OFFER_CODE_STATE_REDEEMED} == set(counted)


async def crash(suite: Suite, part: str) -> None:
    if part == "cart":
        await suite.kill("cart")
        await asyncio.sleep(0.3)
        await suite.restart("cart")
        return
    server = suite.mongo if part == "database" else suite.kafka
    if server is None:
        pytest.skip("the server is not ours to kill")
    await server.kill()
    await asyncio.sleep(0.3)
    await server.start()


@pytest.mark.parametrize("part", ["cart", "database", "broker"])
@pytest.mark.usefixtures("every_round")
async def test_a_crash_while_customers_pay_loses_and_doubles_nothing(
    suite: Suite, channels: Channels, buyers: list[Buyer], part: str
) -> None:
    async with buying(buyers):
        await crash(suite, part)
    await assert_all_adds_up(channels, buyers)
