"""A code that I was given works for me once, on whatever channel, and for nobody a second time."""

import asyncio

import grpc

import omnithread
from libs.ids import new_id
from omnithread.cart.v1.cart_service_pb2 import (
    ApplyOfferCodeRequest,
    CheckoutRequest,
    GetCartRequest,
    PickupChoice,
    SeenLine,
)
from omnithread.cart.v1.offer_pb2 import OFFER_CODE_RULE_SINGLE_USE, OfferArticles, OfferTerms, PercentageOff
from omnithread.cart.v1.offer_service_pb2 import (
    OFFER_CODE_STATE_REDEEMED,
    AddOfferCodesRequest,
    GetOfferCodeRequest,
)
from omnithread.cart.v1.order_pb2 import ORDER_STATE_CANCELLED, Order
from omnithread.cart.v1.order_service_pb2 import AdvanceOrderRequest
from tests.journeys.offers import applied, offered
from tests.journeys.people import add, log_in, somebody
from tests.running_suite import Channels


def welcome(sku: str) -> OfferTerms:
    """A fifth off for who has a code."""
    return OfferTerms(
        name="Welcome",
        articles=OfferArticles(skus=[sku]),
        code_rule=OFFER_CODE_RULE_SINGLE_USE,
        percentage_off=PercentageOff(basis_points=2000),
    )


async def new_codes(channel: omnithread.Omnithread, offer_id: str, count: int) -> list[str]:
    request = AddOfferCodesRequest(offer_id=offer_id, drawn_count=count)
    return list((await channel.offers.AddOfferCodes(request)).codes)


async def buy_as_seen(channel: omnithread.Omnithread, customer_id: str) -> Order | str:
    """Buy what a channel shows at the price that it shows; give the order, or why there is none."""
    saw = await channel.cart.GetCart(GetCartRequest(customer_id=customer_id))
    try:
        answer = await channel.cart.Checkout(
            CheckoutRequest(
                customer_id=customer_id,
                pickup=PickupChoice(store_id="042"),
                seen_lines=[SeenLine(line_id=line.line_id, quantity=line.quantity) for line in saw.cart.lines],
                expected_total=saw.price.total,
            )
        )
    except grpc.aio.AioRpcError as error:
        return omnithread.details_of(error).reason
    return answer.order


async def test_a_code_that_i_entered_on_the_web_counts_in_the_store_and_is_used_up_then(channels: Channels) -> None:
    sku = new_id("sku")
    anna = (await log_in(channels.shop, somebody())).customer_id
    await add(channels.shop, anna, sku, euros=50)
    async with offered(channels.agent, welcome(sku)) as (offer_id,):
        (code,) = await new_codes(channels.agent, offer_id, 1)
        written = f"{code[:6].lower()}-{code[6:]}"
        entered = await channels.shop.cart.ApplyOfferCode(ApplyOfferCodeRequest(customer_id=anna, code=written))
        assert (entered.price.total.units, applied(entered.price)) == (40, [offer_id])

        order = await buy_as_seen(channels.store, anna)
        assert isinstance(order, Order)
        assert (order.total.units, order.price.applied_offers[0].offer_code) == (40, code)

        await channels.agent.orders.AdvanceOrder(
            AdvanceOrderRequest(customer_id=anna, order_id=order.order_id, state=ORDER_STATE_CANCELLED)
        )
        found = await channels.agent.offers.GetOfferCode(GetOfferCodeRequest(code=code))
        assert (found.state, found.order_id) == (OFFER_CODE_STATE_REDEEMED, order.order_id), (
            "a cancelled order keeps it"
        )


async def test_two_people_with_one_code_pay_at_the_same_moment_and_one_of_them_has_it(channels: Channels) -> None:
    sku = new_id("sku")
    async with offered(channels.agent, welcome(sku)) as (offer_id,):
        for code in await new_codes(channels.agent, offer_id, 5):
            anna = (await log_in(channels.shop, somebody())).customer_id
            ben = (await log_in(channels.app, somebody())).customer_id
            for channel, customer_id in ((channels.shop, anna), (channels.app, ben)):
                await add(channel, customer_id, sku, euros=50)
                await channel.cart.ApplyOfferCode(ApplyOfferCodeRequest(customer_id=customer_id, code=code))
            outcomes = await asyncio.gather(buy_as_seen(channels.store, anna), buy_as_seen(channels.app, ben))
            with_code = [one for one in outcomes if isinstance(one, Order) and one.total.units == 40]
            assert len(with_code) == 1
            others = [one for one in outcomes if one is not with_code[0]]
            assert all(one.total.units == 50 if isinstance(one, Order) else one in REFUSED for one in others)
            found = await channels.agent.offers.GetOfferCode(GetOfferCodeRequest(code=code))
            assert (found.state, found.order_id) == (OFFER_CODE_STATE_REDEEMED, with_code[0].order_id)


REFUSED = {"OFFER_CODE_USED", "PRICE_CHANGED"}
"""Who did not get it is told so, and pays nothing."""
