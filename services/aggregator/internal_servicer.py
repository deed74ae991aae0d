"""Translates calls of the suite's own services: replay, heads, merging and its undoing, export and erasure."""

from libs.events.replay_service import answer_heads, answer_replay
from libs.merge_service import answer_merge_outcome, answer_release
from libs.mongo.privacy_service import answer_erase, answer_export
from libs.rpc.call import current_call, origin_of
from omnithread.context.v1 import context_internal_service_pb2 as pb
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.context.v1.context_internal_service_pb2_grpc import ContextInternalServiceServicer
from services.aggregator.model import AREA
from services.aggregator.operations import Journeys
from services.aggregator.partings import Partings
from services.aggregator.privacy import HOLDINGS, eraser_over


class ContextInternalServicer(ContextInternalServiceServicer):
    """Answers other services; the door lets nobody else in."""

    def __init__(self, journeys: Journeys) -> None:
        self._journeys = journeys
        self._partings = Partings(records=journeys.records, database=journeys.database, clock=journeys.clock)
        self._eraser = eraser_over(journeys.records, journeys.database, journeys.clock)

    async def ReplayEvents(self, request: pb.ReplayEventsRequest, _context: object) -> pb.ReplayEventsResponse:
        return await answer_replay(
            self._journeys.records, request, event_type=ContextEvent, response_type=pb.ReplayEventsResponse
        )

    async def ListHeads(self, request: pb.ListHeadsRequest, _context: object) -> pb.ListHeadsResponse:
        return await answer_heads(
            self._journeys.records, request, area=AREA, response_type=pb.ListHeadsResponse, clock=self._journeys.clock
        )

    async def AbsorbCustomer(self, request: pb.AbsorbCustomerRequest, _context: object) -> pb.AbsorbCustomerResponse:
        absorbed_now, survivor = await self._journeys.absorb(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            origin=origin_of(current_call()),
        )
        return pb.AbsorbCustomerResponse(absorbed_now=absorbed_now, head=survivor.head())

    async def ReleaseCustomer(self, request: pb.ReleaseCustomerRequest, _context: object) -> pb.ReleaseCustomerResponse:
        released = await self._partings.release(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            origin=origin_of(current_call()),
        )
        return answer_release(released, response_type=pb.ReleaseCustomerResponse)

    async def GetMergeOutcome(self, request: pb.GetMergeOutcomeRequest, _context: object) -> pb.GetMergeOutcomeResponse:
        return await answer_merge_outcome(self._journeys.records, request, response_type=pb.GetMergeOutcomeResponse)

    async def ExportArea(self, request: pb.ExportAreaRequest, _context: object) -> pb.ExportAreaResponse:
        return await answer_export(self._journeys.database, HOLDINGS, request, response_type=pb.ExportAreaResponse)

    async def EraseArea(self, request: pb.EraseAreaRequest, _context: object) -> pb.EraseAreaResponse:
        return await answer_erase(self._eraser, request, response_type=pb.EraseAreaResponse)
