"""When an advertisement brought me, every channel shows me the very things it showed, and its code counts there."""

import omnithread
from libs.ids import new_id
from omnithread.cart.v1.cart_service_pb2 import ApplyOfferCodeRequest
from omnithread.cart.v1.offer_pb2 import OFFER_CODE_RULE_SHARED, OfferArticles, OfferTerms, PercentageOff
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_AD_CLICKED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from tests.journeys.offers import offered, priced
from tests.journeys.people import add, context_of, log_in, somebody
from tests.running_suite import Channels


async def test_the_store_shows_the_selection_that_the_ad_showed_to_a_guest_in_the_browser(channels: Channels) -> None:
    anna = somebody()
    known = await log_in(channels.store, anna)
    campaign, skus = new_id("spring"), ["PURSE-17", "SCARF-2"]
    guest = await channels.shop.start_session([omnithread.cookie(anna.cookie)])
    with guest.carry():
        await channels.shop.context.RecordTouchpoint(
            RecordTouchpointRequest(
                customer_id=guest.customer_id,
                kind=TOUCHPOINT_KIND_AD_CLICKED,
                subject=campaign,
                skus=skus,
                offer_codes=["SPRING-20"],
            )
        )
        await channels.shop.start_session([omnithread.cookie(anna.cookie), omnithread.email(anna.email, verified=True)])
    told = [await context_of(channel, known.customer_id) for channel in channels.four]
    assert len({each.journey.came_for.SerializeToString(deterministic=True) for each in told}) == 1
    came_for = told[-1].journey.came_for
    assert (came_for.campaign_id, list(came_for.skus), list(came_for.offer_codes)) == (campaign, skus, ["SPRING-20"])
    assert came_for.channel.id == "web-shop"


async def test_the_code_that_the_ad_promised_counts_in_the_store(channels: Channels) -> None:
    anna, sku, code = somebody(), new_id("sku"), f"SPRING-{new_id('x')[-8:].upper()}"
    customer_id = (await log_in(channels.shop, anna)).customer_id
    terms = OfferTerms(
        name="Spring",
        articles=OfferArticles(skus=[sku]),
        percentage_off=PercentageOff(basis_points=1000),
        code_rule=OFFER_CODE_RULE_SHARED,
        shared_code=code,
    )
    async with offered(channels.agent, terms) as (offer_id,):
        await channels.shop.context.RecordTouchpoint(
            RecordTouchpointRequest(
                customer_id=customer_id,
                kind=TOUCHPOINT_KIND_AD_CLICKED,
                subject="spring",
                skus=[sku],
                offer_codes=[code],
            )
        )
        came_for = (await context_of(channels.store, customer_id)).journey.came_for
        for shown in came_for.skus:
            await add(channels.store, customer_id, shown, euros=50)
        for promised in came_for.offer_codes:
            await channels.store.cart.ApplyOfferCode(ApplyOfferCodeRequest(customer_id=customer_id, code=promised))
        price = await priced(channels.store, customer_id, with_offer=offer_id)
        assert (price.total.units, price.applied_offers[0].offer_code) == (45, code.replace("-", ""))
