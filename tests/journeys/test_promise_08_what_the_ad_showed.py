"""When an advertisement brought me, every channel shows me the very things it showed, and its code counts there."""

import omnithread
from libs.ids import new_id
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_AD_CLICKED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from tests.journeys.people import context_of, log_in, somebody
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
