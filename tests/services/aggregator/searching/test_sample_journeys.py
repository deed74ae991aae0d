"""The sample journeys are there after `make up`: searched, counted, and told only once."""

from datetime import UTC, datetime, timedelta

from deploy.sample.journeys import CHANNELS, VISITORS, put_journeys
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_EMAIL, CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from omnithread.context.v1 import journey_service_pb2 as pb
from tests.services.aggregator.company import Company
from tests.services.calls import until


async def test_they_are_found_and_counted_and_told_once(company: Company) -> None:
    now = datetime.now(UTC)
    clients = {name: company.services.connect(name, actor="sam") for name in CHANNELS}
    customer_ids = await put_journeys(clients, now=now)
    assert len(set(customer_ids)) == VISITORS
    assert await put_journeys(clients, now=now) == []
    path = [CHANNEL_KIND_WEB, CHANNEL_KIND_EMAIL, CHANNEL_KIND_STORE]
    search = pb.SearchJourneysRequest(path=path, page_size=100)

    async def found() -> list[pb.JourneyCard]:
        cards = (await company.web.journeys.SearchJourneys(search)).journeys
        mine = [card for card in cards if card.journey.customer_id in customer_ids and card.journey.goals]
        return mine if len(mine) >= VISITORS // 8 else []

    assert {goal.goal_id for card in await until(found) for goal in card.journey.goals} == {"purchase", "received"}

    async def report() -> list[pb.JourneyReport]:
        days = [(now - timedelta(days=days)).date().isoformat() for days in (90, 0)]
        asked = pb.GetJourneyReportRequest(from_day=days[0], to_day=days[1])
        told = (await company.web.journeys.GetJourneyReport(asked)).report
        behind = told.freshness.days_behind or told.freshness.customers_behind
        return [] if behind or told.totals.journey_count < VISITORS or not told.totals.problem_count else [told]

    (told,) = await until(report)
    assert told.totals.cancelled_count >= 1
    assert told.totals.reached_count > VISITORS // 4
    assert len(told.paths) > 4
    assert len({handover.to_kind for handover in told.handovers}) >= 4
