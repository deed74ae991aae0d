"""Translates calls: one short method per RPC of `JourneyService`."""

from libs.clock import Clock
from libs.mongo.members import place_at, position_at
from libs.rpc.pages import PageTokens, page_size
from omnithread.context.v1 import journey_service_pb2 as pb
from omnithread.context.v1.journey_service_pb2_grpc import JourneyServiceServicer
from services.aggregator.searching.behind import Behind
from services.aggregator.searching.report_convert import asked_from_request, report_to_proto
from services.aggregator.searching.reports import Reports
from services.aggregator.searching.search_convert import (
    card_to_proto,
    freshness_to_proto,
    search_name,
    wanted_from_request,
)
from services.aggregator.searching.searches import Searches

PAGES = PageTokens("context.search")


class JourneyServicer(JourneyServiceServicer):
    """Answers those who look at many journeys at once."""

    def __init__(self, *, searches: Searches, reports: Reports, behind: Behind, clock: Clock) -> None:
        self._searches = searches
        self._reports = reports
        self._behind = behind
        self._clock = clock

    async def SearchJourneys(self, request: pb.SearchJourneysRequest, _context: object) -> pb.SearchJourneysResponse:
        wanted, name = wanted_from_request(request), search_name(request)
        position = PAGES.decode(request.page_token, owner=name)
        after = place_at(position) if position else None
        freshness = await self._behind.freshness()
        found = await self._searches.find(wanted, after=after, limit=page_size(request.page_size), now=self._clock())
        return pb.SearchJourneysResponse(
            journeys=[card_to_proto(card) for card in found.cards],
            next_page_token=PAGES.encode(position_at(*found.following), owner=name) if found.following else "",
            examined_count=found.examined,
            freshness=freshness_to_proto(freshness),
        )

    async def GetJourneyReport(
        self, request: pb.GetJourneyReportRequest, _context: object
    ) -> pb.GetJourneyReportResponse:
        report = await self._reports.report(asked_from_request(request))
        return pb.GetJourneyReportResponse(report=report_to_proto(report))
