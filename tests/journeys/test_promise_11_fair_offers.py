"""Offers may differ by channel, but no channel hides from me what another one would give me."""

import omnithread
from libs.ids import new_id
from omnithread.cart.v1.offer_pb2 import (
    OfferArticles,
    OfferAudience,
    OfferChannels,
    OfferTerms,
    PercentageOff,
    PiecesForLess,
)
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_AD_CLICKED
from omnithread.context.v1.context_service_pb2 import (
    GetCustomerContextResponse,
    RecordTouchpointRequest,
)
from omnithread.profile.v1.profile_pb2 import Profile, Trait
from omnithread.profile.v1.profile_service_pb2 import UpdateProfileRequest
from omnithread.profile.v1.segment_pb2 import SEGMENT_OPERATOR_EQUAL, Segment, SegmentCondition, SegmentGroup
from omnithread.profile.v1.segment_service_pb2 import PutSegmentRequest
from tests.journeys.offers import offered, priced, told
from tests.journeys.people import add, log_in, somebody
from tests.running_suite import Channels, until

FIFTH = PercentageOff(basis_points=2000)


def name_of(kind: str) -> str:
    return new_id(kind).lower()


async def test_the_web_gives_one_more_and_the_store_a_fifth_off_and_both_contexts_show_both(
    channels: Channels,
) -> None:
    sku = new_id("sku")
    anna = (await log_in(channels.shop, somebody())).customer_id
    await add(channels.shop, anna, sku, quantity=2, euros=50)
    one_more = OfferTerms(
        name="1+1",
        articles=OfferArticles(skus=[sku]),
        channels=OfferChannels(kinds=[CHANNEL_KIND_WEB]),
        pieces_for_less=PiecesForLess(take_quantity=2, pay_quantity=1),
    )
    fifth_off = OfferTerms(
        name="20 %",
        articles=OfferArticles(skus=[sku]),
        channels=OfferChannels(kinds=[CHANNEL_KIND_STORE]),
        percentage_off=FIFTH,
    )
    async with offered(channels.agent, one_more, fifth_off) as (on_web, in_store):
        web = await priced(channels.shop, anna, with_offer=on_web)
        store = await priced(channels.store, anna, with_offer=in_store)
        assert (web.total.units, store.total.units) == (50, 80)

        async def all_four() -> list[GetCustomerContextResponse]:
            return [await told(channel, anna) for channel in channels.four]

        def of_one_moment(answers: list[GetCustomerContextResponse]) -> bool:
            """A cart that lies idle has an event, and a service that gets no processor for 0.6 s is named as away."""
            is_whole = not any(answer.problems for answer in answers)
            return is_whole and len({answer.context.cart.cart.version for answer in answers}) == 1

        answers = await until(all_four, of_one_moment)
        for answer in answers:
            assert list(answer.problems) == []
            there = {price.channel.id: price for price in answer.other_channel_prices}
            here = answer.cart_price.channel.id
            assert here == "web-shop" or there["web-shop"].total == web.total
            assert here == "store-042" or there["store-042"].total == store.total
        contexts = [answer.context for answer in answers]
        assert {on_web, in_store} <= {standing.offer_id for standing in contexts[0].offers.offers}
        # As one of them or two may have been read before the last event was heard, what cart says is compared.
        assert len({context.offers.SerializeToString(deterministic=True) for context in contexts}) == 1
        assert len({context.cart.SerializeToString(deterministic=True) for context in contexts}) == 1


async def test_who_joins_a_segment_pays_its_price_on_every_channel_and_the_price_names_what_was_known(
    channels: Channels,
) -> None:
    sku, segment_id, tier = new_id("sku"), name_of("seg"), new_id("tier")
    anna = (await log_in(channels.shop, somebody())).customer_id
    await add(channels.shop, anna, sku, euros=50)
    condition = SegmentCondition(field="trait.tier", operator=SEGMENT_OPERATOR_EQUAL, string_value=tier)
    segment = Segment(segment_id=segment_id, active=True, all_of=[SegmentGroup(any_of=[condition])])
    await channels.agent.segments.PutSegment(PutSegmentRequest(segment=segment))
    for_members = OfferTerms(
        name="Members",
        articles=OfferArticles(skus=[sku]),
        audience=OfferAudience(segment_ids=[segment_id]),
        percentage_off=FIFTH,
    )
    async with offered(channels.agent, for_members) as (offer_id,):

        async def looked_at() -> GetCustomerContextResponse:
            return await told(channels.shop, anna)

        def is_known(answer: GetCustomerContextResponse) -> bool:
            return offer_id in [one.offer_id for one in answer.cart_price.unapplied_offers]

        before = (await until(looked_at, is_known)).cart_price
        assert before.total.units == 50
        await channels.store.profile.UpdateProfile(
            UpdateProfileRequest(
                profile=Profile(customer_id=anna, traits=[Trait(name="tier", string_value=tier)]),
                update_mask={"paths": ["traits"]},  # type: ignore[arg-type]
            )
        )
        for channel in (channels.shop, channels.store):
            price = await priced(channel, anna, with_offer=offer_id)
            assert price.total.units == 40
            assert price.facts_version > before.facts_version


async def test_who_came_by_an_ad_pays_its_price_in_the_store_as_well(channels: Channels) -> None:
    sku, campaign, person = new_id("sku"), new_id("spring"), somebody()
    anna = (await log_in(channels.store, person)).customer_id
    for_campaign = OfferTerms(
        name="Spring",
        articles=OfferArticles(skus=[sku]),
        audience=OfferAudience(campaign_ids=[campaign], journey_channel_kinds=[CHANNEL_KIND_WEB]),
        percentage_off=FIFTH,
    )
    async with offered(channels.agent, for_campaign) as (offer_id,):
        guest = await channels.shop.start_session([omnithread.cookie(person.cookie)])
        with guest.carry():
            await channels.shop.context.RecordTouchpoint(
                RecordTouchpointRequest(
                    customer_id=guest.customer_id, kind=TOUCHPOINT_KIND_AD_CLICKED, subject=campaign, skus=[sku]
                )
            )
            await add(channels.shop, guest.customer_id, sku, euros=50)
            await channels.shop.start_session(
                [omnithread.cookie(person.cookie), omnithread.email(person.email, verified=True)]
            )
        assert (await priced(channels.store, anna, with_offer=offer_id)).total.units == 40
