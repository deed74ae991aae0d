"""Translates calls: one short method per RPC of `ContextService`, between the contract's words and the operations."""

from libs.rpc.call import current_call, origin_of, remaining_seconds, stamp_of
from libs.rpc.pages import PageTokens, page_size
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.context.v1.context_service_pb2_grpc import ContextServiceServicer
from services.aggregator.budget import Budget
from services.aggregator.convert import sighting_from_request, touchpoint_to_proto
from services.aggregator.explaining import Explaining
from services.aggregator.foreign_sessions import ForeignSessions
from services.aggregator.journey_convert import journey_to_proto
from services.aggregator.journey_spans import journey_at
from services.aggregator.keeping.contexts import Contexts
from services.aggregator.model import AREA
from services.aggregator.operations import Journeys
from services.aggregator.reading import ContextReader
from services.aggregator.sessions import Sessions

TOUCHPOINT_PAGES = PageTokens("context.touchpoints")
JOURNEY_PAGES = PageTokens("context.journeys")


class ContextServicer(ContextServiceServicer):
    """Answers what channels ask of sessions, contexts and journeys."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        contexts: Contexts,
        journeys: Journeys,
        reader: ContextReader,
        explaining: Explaining,
        foreign_sessions: ForeignSessions,
        most_answer_seconds: float,
    ) -> None:
        self._sessions = sessions
        self._contexts = contexts
        self._journeys = journeys
        self._reader = reader
        self._explaining = explaining
        self._foreign_sessions = foreign_sessions
        self._most_answer_seconds = most_answer_seconds

    async def StartSession(self, request: pb.StartSessionRequest, _context: object) -> pb.StartSessionResponse:
        started = await self._sessions.start(request, stamp=stamp_of(request), budget=self._budget())
        self._foreign_sessions.note(AREA, named=request.session_id, used=started.session_id)
        return pb.StartSessionResponse(
            customer_id=started.customer_id,
            session_id=started.session_id,
            journey_id=started.journey_id,
            outcome=started.outcome,
            set_aside=started.set_aside,
            last_touchpoint_traceparent=started.last_touchpoint_traceparent,
            context=started.context.context,
            problems=started.context.problems_to_proto(),
            replayed=started.replayed,
            cart_price=started.context.beside.price,
            other_channel_prices=started.context.beside.other_channel_prices,
            cart_problems=started.context.beside.problems,
            handover=started.handover,
            token=started.context.token(),
        )

    async def GetCustomerContext(
        self, request: pb.GetCustomerContextRequest, _context: object
    ) -> pb.GetCustomerContextResponse:
        return await self._contexts.get(request, origin=origin_of(current_call()), budget=self._budget())

    async def RecordTouchpoint(
        self, request: pb.RecordTouchpointRequest, _context: object
    ) -> pb.RecordTouchpointResponse:
        stamp = stamp_of(request)
        outcome, touchpoint = await self._journeys.record(request.customer_id, sighting_from_request(request), stamp)
        self._foreign_sessions.note(AREA, named=stamp.origin.session_id, used=touchpoint.session_id)
        journey_id = journey_at(outcome.saved.state.timeline, touchpoint.occur_time)
        return pb.RecordTouchpointResponse(
            touchpoint=touchpoint_to_proto(touchpoint, journey_id=journey_id),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
        )

    async def GetJourney(self, request: pb.GetJourneyRequest, _context: object) -> pb.GetJourneyResponse:
        list_owner = f"{request.customer_id}/{request.journey_id}"
        position = TOUCHPOINT_PAGES.decode(request.page_token, owner=list_owner)
        if position is None:
            await self._reader.refresh_journey(request.customer_id, budget=self._budget())
        found = await self._journeys.get_journey(
            request.customer_id, request.journey_id, position=position, limit=page_size(request.page_size)
        )
        return pb.GetJourneyResponse(
            journey=journey_to_proto(found.span, customer_id=found.customer_id),
            touchpoints=[touchpoint_to_proto(t, journey_id=found.span.journey_id) for t in found.touchpoints],
            next_page_token=TOUCHPOINT_PAGES.encode(found.following, owner=list_owner) if found.following else "",
        )

    async def ListJourneys(self, request: pb.ListJourneysRequest, _context: object) -> pb.ListJourneysResponse:
        position = JOURNEY_PAGES.decode(request.page_token, owner=request.customer_id)
        customer_id, spans, following = await self._journeys.list_journeys(
            request.customer_id, position=position, limit=page_size(request.page_size)
        )
        return pb.ListJourneysResponse(
            journeys=[journey_to_proto(span, customer_id=customer_id) for span in spans],
            next_page_token=JOURNEY_PAGES.encode(following, owner=request.customer_id) if following else "",
        )

    async def ExplainMerge(self, request: pb.ExplainMergeRequest, _context: object) -> pb.ExplainMergeResponse:
        return await self._explaining.explain(request.customer_id, request.merge_id, budget=self._budget())

    def _budget(self) -> Budget:
        return Budget.of_call(remaining_seconds(), most_seconds=self._most_answer_seconds)
