"""Searching journeys and reports as a channel calls them, among all five services."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from grpc import StatusCode

from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1.channel_pb2 import (
    CHANNEL_KIND_CALL_CENTRE,
    CHANNEL_KIND_STORE,
    CHANNEL_KIND_SYSTEM,
    CHANNEL_KIND_WEB,
)
from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1 import journey_service_pb2 as pb
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.context.v1.privacy_service_pb2 import EraseCustomerRequest
from tests.services.aggregator.company import Company, login, visitor
from tests.services.calls import refusal, until

NEW = datetime.now(UTC) - timedelta(seconds=1)


async def found(company: Company, customer_id: str, **asked: object) -> list[pb.JourneyCard]:
    """The customer's journeys among those that are found."""
    request = pb.SearchJourneysRequest(page_size=100, **asked)  # type: ignore[arg-type]
    cards: list[pb.JourneyCard] = []
    while True:
        answer = await company.call_centre.journeys.SearchJourneys(request)
        cards += [card for card in answer.journeys if card.journey.customer_id == customer_id]
        if not answer.next_page_token:
            return cards
        request.page_token = answer.next_page_token


async def look(company: Company, customer_id: str, sku: str, *, days_ago: float = 0) -> None:
    await company.web.context.RecordTouchpoint(
        RecordTouchpointRequest(
            customer_id=customer_id,
            kind=context.TOUCHPOINT_KIND_PRODUCT_VIEWED,
            subject=sku,
            occur_time=to_timestamp(datetime.now(UTC) - timedelta(days=days_ago)),
        )
    )


async def on_two_channels(company: Company, days_ago: float = 0) -> str:
    """Somebody who looked at boots on the web, and came to the store."""
    session = await company.web.start_session([visitor()])
    await look(company, session.customer_id, "boots", days_ago=days_ago)
    visit = RecordTouchpointRequest(customer_id=session.customer_id, kind=context.TOUCHPOINT_KIND_STORE_VISITED)
    await company.store.context.RecordTouchpoint(visit)
    return session.customer_id


async def test_a_journey_is_found_by_its_way_a_moment_after_it_went_there(company: Company) -> None:
    customer_id = await on_two_channels(company)
    path = [CHANNEL_KIND_WEB, CHANNEL_KIND_STORE]
    (card,) = await until(lambda: found(company, customer_id, path=path, going_on=True))
    assert (list(card.path), card.step_count) == (path, 2)
    assert (card.last_touchpoint_kind, card.last_channel.id) == (context.TOUCHPOINT_KIND_STORE_VISITED, "store-042")
    assert card.stuck_since == card.journey.last_act_time
    assert await found(company, customer_id, path=path, exact_path=True)
    assert not await found(company, customer_id, path=path[::-1])
    assert await found(company, customer_id, path=[CHANNEL_KIND_STORE])
    assert not await found(company, customer_id, path=[CHANNEL_KIND_STORE], exact_path=True)
    assert not await found(company, customer_id, stuck_for=Duration(seconds=3600))
    assert await found(company, customer_id, channel_id="store-042")
    assert not await found(company, customer_id, channel_id="mobile-app")
    assert not await found(company, customer_id, outcome=context.JOURNEY_OUTCOME_INACTIVE)
    assert not await found(company, customer_id, has_problem=True)
    assert not await found(company, customer_id, to_time=to_timestamp(NEW))


async def test_the_report_has_the_journey_and_says_how_fresh_it_is(company: Company) -> None:
    before = await report(company, days_ago=15)
    await on_two_channels(company, days_ago=15)

    async def counted() -> list[pb.JourneyReport]:
        now = await report(company, days_ago=15)
        return [now] if now.totals.handed_over_count > before.totals.handed_over_count else []

    (after,) = await until(counted)
    assert after.totals.journey_count == before.totals.journey_count + 1
    (turn,) = [one for one in after.handovers if one.from_kind == CHANNEL_KIND_WEB]
    assert (turn.to_kind, turn.journey_count - turn.count) == (CHANNEL_KIND_STORE, 0)
    assert [list(path.path) for path in after.paths] == [[CHANNEL_KIND_WEB, CHANNEL_KIND_STORE]]
    assert [day.journey_count for day in after.days] == [after.totals.journey_count]
    assert after.time_zone == "UTC"

    async def nothing_behind() -> list[pb.JourneyFreshness]:
        fresh = (await report(company, days_ago=15)).freshness
        return [] if fresh.days_behind or fresh.customers_behind else [fresh]

    (fresh,) = await until(nothing_behind)
    assert from_timestamp(fresh.computed_time) > NEW


async def report(company: Company, *, days_ago: int) -> pb.JourneyReport:
    day = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
    request = pb.GetJourneyReportRequest(from_day=day, to_day=day)
    return (await company.call_centre.journeys.GetJourneyReport(request)).report


async def test_who_was_merged_or_forgotten_is_found_no_more(company: Company) -> None:
    browser, address = visitor(), login()
    guest = (await company.web.start_session([browser])).customer_id
    await look(company, guest, "boots")
    survivor = (await company.store.start_session([address])).customer_id
    assert await until(lambda: found(company, guest))
    assert await until(lambda: found(company, survivor))
    assert (await company.web.start_session([browser, address])).customer_id == survivor
    (card,) = await until(
        lambda: found(company, survivor, path=[CHANNEL_KIND_WEB, CHANNEL_KIND_STORE, CHANNEL_KIND_WEB])
    )
    assert card.journey.customer_id == survivor
    assert not await found(company, guest)
    await company.call_centre.privacy.EraseCustomer(EraseCustomerRequest(customer_id=survivor, reason="asked_for_it"))
    assert not await found(company, survivor)
    assert not await found(company, guest)


async def test_pages_go_on_where_they_stopped_and_belong_to_their_search(company: Company) -> None:
    for _ in range(3):
        customer_id = await on_two_channels(company)
        assert await until(partial(found, company, customer_id))
    search = pb.SearchJourneysRequest(channel_id="store-042", page_size=1)
    seen: list[str] = []
    for _ in range(3):
        answer = await company.web.journeys.SearchJourneys(search)
        seen += [card.journey.journey_id for card in answer.journeys]
        search.page_token = answer.next_page_token
    assert len(set(seen)) == 3
    search.channel_id = "web-shop"
    assert (await refusal(company.web.journeys.SearchJourneys(search))).reason == "PAGE_TOKEN_INVALID"


SEARCHES = [
    ({"path": [CHANNEL_KIND_SYSTEM]}, "INVALID_FIELD"),
    ({"path": [CHANNEL_KIND_WEB, CHANNEL_KIND_WEB]}, "INVALID_FIELD"),
    ({"path": [CHANNEL_KIND_WEB, CHANNEL_KIND_STORE] * 5}, "INVALID_FIELD"),
    ({"exact_path": True}, "INVALID_FIELD"),
    ({"going_on": True, "outcome": context.JOURNEY_OUTCOME_INACTIVE}, "INVALID_FIELD"),
    ({"stuck_for": Duration(seconds=5), "outcome": context.JOURNEY_OUTCOME_INACTIVE}, "INVALID_FIELD"),
    ({"stuck_for": Duration(seconds=-5)}, "INVALID_FIELD"),
    ({"stuck_for": Duration(seconds=10**9)}, "INVALID_FIELD"),
    ({"from_time": Timestamp(seconds=5), "to_time": Timestamp(seconds=5)}, "INVALID_FIELD"),
    ({"from_time": Timestamp(seconds=10**13)}, "INVALID_FIELD"),
    ({"goal_id": "a goal"}, "INVALID_FIELD"),
    ({"channel_id": "$where"}, "INVALID_FIELD"),
    ({"page_size": 101}, "INVALID_FIELD"),
    ({"page_token": "garbage"}, "PAGE_TOKEN_INVALID"),
]


@pytest.mark.parametrize(("asked", "reason"), SEARCHES)
async def test_a_search_that_cannot_be_meant_is_refused(
    company: Company, asked: dict[str, object], reason: str
) -> None:
    request = pb.SearchJourneysRequest(**asked)  # type: ignore[arg-type]
    told = await refusal(company.web.journeys.SearchJourneys(request))
    assert (told.code, told.reason) == (StatusCode.INVALID_ARGUMENT, reason)


@pytest.mark.parametrize(
    "asked",
    [
        {"from_day": "2026-11-31", "to_day": "2026-12-01"},
        {"from_day": "2026-11-02", "to_day": "2026-11-01"},
        {"from_day": "2025-11-01", "to_day": "2026-11-02"},
        {"from_day": "yesterday", "to_day": "2026-11-02"},
        {"from_day": "0000-01-01", "to_day": "0000-01-02"},
        {"from_day": "2026-11-01", "to_day": "2026-11-02", "first_channel_kind": CHANNEL_KIND_SYSTEM},
        {"from_day": "2026-11-01", "to_day": "2026-11-02", "max_rows": 201},
    ],
)
async def test_a_report_on_no_window_is_refused(company: Company, asked: dict[str, object]) -> None:
    request = pb.GetJourneyReportRequest(**asked)  # type: ignore[arg-type]
    told = await refusal(company.web.journeys.GetJourneyReport(request))
    assert (told.code, told.reason) == (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")


async def test_the_first_and_last_days_of_the_calendar_can_be_asked_for(company: Company) -> None:
    for from_day, to_day in (("0001-01-01", "0001-01-02"), ("9999-12-30", "9999-12-31")):
        request = pb.GetJourneyReportRequest(
            from_day=from_day, to_day=to_day, first_channel_kind=CHANNEL_KIND_CALL_CENTRE
        )
        answer = await company.web.journeys.GetJourneyReport(request)
        assert answer.report.totals.journey_count == 0
