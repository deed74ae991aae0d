import asyncio
from datetime import UTC, datetime, timedelta

from libs.ids import new_id
from libs.mongo.connection import Client, database
from libs.mongo.shapes import RECORDS
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import order_pb2
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.cart.v1.order_service_pb2 import AdvanceOrderRequest
from omnithread.common.v1.attribute_pb2 import Attribute
from omnithread.context.v1 import context_internal_service_pb2 as internal_pb
from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.context.v1.context_internal_service_pb2_grpc import ContextInternalServiceStub
from services.aggregator.service import SERVICE as AGGREGATOR
from tests.services.aggregator.company import Company, item, login, start_of_session, summaries, visitor
from tests.services.calls import refusal, until


def view(customer_id: str, subject: str = "boots", *, minutes_ago: float = 0) -> pb.RecordTouchpointRequest:
    """A product that somebody looked at; to be sent more than once."""
    now = datetime.now(UTC)
    return pb.RecordTouchpointRequest(
        customer_id=customer_id,
        kind=context.TOUCHPOINT_KIND_PRODUCT_VIEWED,
        subject=subject,
        occur_time=to_timestamp(now - timedelta(minutes=minutes_ago)),
        request_id=new_id("req"),
        issue_time=to_timestamp(now),
    )


async def new_customer(company: Company) -> str:
    return (await company.web.start_session([visitor()])).customer_id


async def whole_journey(company: Company, customer_id: str, journey_id: str = "") -> list[context.Touchpoint]:
    """All pages, as a person would turn them."""
    found: list[context.Touchpoint] = []
    token = ""
    while True:
        page = await company.web.context.GetJourney(
            pb.GetJourneyRequest(customer_id=customer_id, journey_id=journey_id, page_size=20, page_token=token)
        )
        found += page.touchpoints
        token = page.next_page_token
        if not token:
            assert page.journey.touchpoint_count == len(found)
            return found


async def test_what_somebody_looked_at_is_part_of_their_journey(company: Company) -> None:
    session = await company.web.start_session([visitor()])
    request = view(session.customer_id)
    request.attributes.append(Attribute(key="page", value="2"))
    with session.carry():
        answer = await company.web.context.RecordTouchpoint(request)
    noted = answer.touchpoint
    assert (noted.journey_id, noted.session_id) == (session.started.journey_id, session.started.session_id)
    assert (noted.summary, noted.area, noted.by_customer) == ("product viewed boots", "context", True)
    assert noted.channel.id == "web-shop"
    told = (await company.whole_context(session.customer_id)).journey
    assert noted in list(told.recent_touchpoints)
    again = await company.web.context.RecordTouchpoint(request)
    assert again.replayed
    assert again.touchpoint == noted
    assert again.head == answer.head


async def test_a_touchpoint_told_late_stands_where_it_happened(company: Company) -> None:
    customer_id = await new_customer(company)
    await company.web.context.RecordTouchpoint(view(customer_id, "hat", minutes_ago=1))
    await company.store.context.RecordTouchpoint(view(customer_id, "boots", minutes_ago=5))
    told = summaries(await whole_journey(company, customer_id))
    assert told[:2] == ["product viewed boots", "product viewed hat"]


async def test_a_touchpoint_without_a_time_happened_when_it_was_told(company: Company) -> None:
    request = view(await new_customer(company))
    request.ClearField("occur_time")
    answer = await company.web.context.RecordTouchpoint(request)
    assert answer.touchpoint.occur_time == request.issue_time


async def test_every_channel_sees_what_was_looked_at_and_what_the_ad_showed_while_that_journey_lasts(
    company: Company,
) -> None:
    customer_id = await new_customer(company)
    request = view(customer_id)
    for _ in range(2):
        await company.web.context.RecordTouchpoint(request)
    await company.store.context.RecordTouchpoint(view(customer_id, minutes_ago=1))
    click = view(customer_id, "spring", minutes_ago=2)
    click.kind = context.TOUCHPOINT_KIND_AD_CLICKED
    click.skus.extend(["hat", "boots"])
    click.offer_codes.append("SPRING-10")
    await company.web.context.RecordTouchpoint(click)
    section = (await company.whole_context(customer_id)).journey
    (looked_at,) = section.viewed_products
    assert (looked_at.sku, looked_at.view_count, looked_at.last_channel.id) == ("boots", 2, "web-shop")
    came_for = section.came_for
    assert (came_for.campaign_id, list(came_for.skus)) == ("spring", ["hat", "boots"])
    assert (list(came_for.offer_codes), came_for.channel.id) == (["SPRING-10"], "web-shop")


async def test_touchpoints_that_cannot_be_are_refused(company: Company) -> None:
    customer_id = await new_customer(company)
    reserved = view(customer_id)
    reserved.kind = context.TOUCHPOINT_KIND_ORDER_PLACED
    twice = view(customer_id)
    twice.attributes.extend([Attribute(key="page", value="1"), Attribute(key="page", value="2")])
    promised = view(customer_id)
    promised.offer_codes.append("SPRING-10")
    for request, reason in (
        (reserved, "TOUCHPOINT_KIND_RESERVED"),
        (promised, "TOUCHPOINT_FIELDS_INVALID"),
        (view(customer_id, ""), "TOUCHPOINT_FIELDS_INVALID"),
        (view(customer_id, minutes_ago=-5), "OCCUR_TIME_INVALID"),
        (view(customer_id, minutes_ago=31 * 24 * 60), "OCCUR_TIME_INVALID"),
        (view("cus_nobody"), "CUSTOMER_NOT_FOUND"),
        (twice, "INVALID_FIELD"),
        (view(customer_id, "x" * 129), "INVALID_FIELD"),
    ):
        assert (await refusal(company.web.context.RecordTouchpoint(request))).reason == reason


async def test_a_long_journey_is_told_whole_and_in_order_over_many_pages(company: Company) -> None:
    customer_id = await new_customer(company)
    for batch in range(8):
        await asyncio.gather(
            *(
                channel.context.RecordTouchpoint(view(customer_id, f"sku-{batch}-{n}", minutes_ago=n))
                for n in range(5)
                for channel in (company.web, company.store)
            )
        )
    touchpoints = await whole_journey(company, customer_id)
    assert len({t.touchpoint_id for t in touchpoints}) == len(touchpoints) >= 80
    times = [t.occur_time.ToMilliseconds() for t in touchpoints]
    assert times == sorted(times)


async def test_journeys_are_listed_newest_first_each_with_its_own_touchpoints(company: Company) -> None:
    who = login()
    sessions = [
        await company.store.context.StartSession(start_of_session(who, days_ago=days)) for days in (0, 80, 120, 40)
    ]
    customer_id = sessions[0].customer_id
    listed: list[context.Journey] = []
    token = ""
    while True:
        asked = pb.ListJourneysRequest(customer_id=customer_id, page_size=3, page_token=token)
        page = await company.web.context.ListJourneys(asked)
        listed += page.journeys
        token = page.next_page_token
        if not token:
            break
    newest_first = [sessions[0], sessions[3], sessions[1], sessions[2]]
    assert [journey.journey_id for journey in listed] == [session.journey_id for session in newest_first]
    assert [journey.previous_journey_id for journey in listed] == [s.journey_id for s in newest_first[1:]] + [""]
    oldest = await whole_journey(company, customer_id, listed[-1].journey_id)
    assert "session started" in summaries(oldest)


async def test_only_a_customers_own_journeys_and_pages_are_found(company: Company) -> None:
    one, other = await new_customer(company), await company.web.start_session([visitor()])
    for _ in range(3):
        await company.web.context.RecordTouchpoint(view(one))
    asked = pb.GetJourneyRequest(customer_id=one, journey_id=other.started.journey_id)
    assert (await refusal(company.web.context.GetJourney(asked))).reason == "JOURNEY_NOT_FOUND"
    page = await company.web.context.GetJourney(pb.GetJourneyRequest(customer_id=one, page_size=2))
    assert page.next_page_token
    for asked in (
        pb.GetJourneyRequest(customer_id=other.customer_id, page_token=page.next_page_token),
        pb.GetJourneyRequest(customer_id=one, page_token="damaged"),
    ):
        assert (await refusal(company.web.context.GetJourney(asked))).reason == "PAGE_TOKEN_INVALID"
    listing = pb.ListJourneysRequest(customer_id=one, page_token=page.next_page_token)
    assert (await refusal(company.web.context.ListJourneys(listing))).reason == "PAGE_TOKEN_INVALID"


async def test_nobodys_journeys_are_not_found(company: Company) -> None:
    nobody = "cus_nobody"
    assert (await refusal(company.web.context.GetJourney(pb.GetJourneyRequest(customer_id=nobody)))).reason == (
        "CUSTOMER_NOT_FOUND"
    )
    assert (await refusal(company.web.context.ListJourneys(pb.ListJourneysRequest(customer_id=nobody)))).reason == (
        "CUSTOMER_NOT_FOUND"
    )


async def test_what_happens_is_heard_although_nobody_looks(company: Company, mongo_client: Client) -> None:
    customer_id = await new_customer(company)
    await company.web.cart.AddItem(item(customer_id, "umbrella"))
    records = database(mongo_client, company.services.settings(AGGREGATOR).mongo_database)[RECORDS]

    async def heard() -> bool:
        record = await records.find_one({"_id": customer_id})
        return record is not None and "umbrella" in {t["subject"] for t in record["recent_touchpoints"]}

    assert await until(heard)


async def test_what_is_for_services_is_closed_to_channels(company: Company) -> None:
    channel = company.services.bare("web-shop", to=company.aggregator)
    asked = internal_pb.ReplayEventsRequest(customer_id="cus_1")
    refused = await refusal(ContextInternalServiceStub(channel).ReplayEvents(asked))
    assert refused.reason == "CALLER_NOT_ALLOWED"


async def test_a_journey_says_which_goals_were_reached_and_how_it_ended_on_every_channel(company: Company) -> None:
    customer_id = await new_customer(company)
    await company.web.cart.AddItem(item(customer_id))
    placed = await company.web.cart.Checkout(
        CheckoutRequest(customer_id=customer_id, pickup=PickupChoice(store_id="042"))
    )
    on_its_way = (await company.whole_context(customer_id)).journey.journey
    assert [goal.goal_id for goal in on_its_way.goals] == ["purchase"]
    assert (on_its_way.outcome, on_its_way.HasField("end_time")) == (context.JOURNEY_OUTCOME_UNSPECIFIED, False)
    order_id = placed.order.order_id
    await company.store.orders.AdvanceOrder(
        AdvanceOrderRequest(customer_id=customer_id, order_id=order_id, state=order_pb2.ORDER_STATE_CANCELLED)
    )
    ended = (await company.whole_context(customer_id)).journey.journey
    assert ended.outcome == context.JOURNEY_OUTCOME_CANCELLED
    assert [goal.goal_id for goal in ended.goals] == ["purchase"]
    by_name = await company.store.context.GetJourney(pb.GetJourneyRequest(customer_id=customer_id))
    listed = await company.store.context.ListJourneys(pb.ListJourneysRequest(customer_id=customer_id))
    assert by_name.journey == ended == listed.journeys[0]
    assert ended.goals[0].touchpoint_id in [touchpoint.touchpoint_id for touchpoint in by_name.touchpoints]
