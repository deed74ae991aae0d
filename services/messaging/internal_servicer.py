"""Translates calls of the suite's own services: replay, heads, merging and its undoing, export and erasure."""

from libs.events.replay_service import answer_heads, answer_replay
from libs.merge_service import answer_merge_outcome, answer_release
from libs.mongo.privacy_service import answer_erase, answer_export
from libs.rpc.call import current_call, origin_of
from libs.rpc.reads_together import ReadsTogether
from omnithread.messaging.v1 import messaging_internal_service_pb2 as pb
from omnithread.messaging.v1.messaging_events_pb2 import MessagingEvent
from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import MessagingInternalServiceServicer
from services.messaging.merging.operations import Merges
from services.messaging.operations import Messages
from services.messaging.privacy import HOLDINGS, eraser_over


class MessagingInternalServicer(MessagingInternalServiceServicer):
    """Answers other services; the door lets nobody else in."""

    def __init__(self, *, messages: Messages, merges: Merges, reads_together: ReadsTogether) -> None:
        self._messages = messages
        self._eraser = eraser_over(messages.records, messages.database, messages.clock)
        self._merges = merges
        self._reads_together = reads_together

    async def ReplayEvents(self, request: pb.ReplayEventsRequest, _context: object) -> pb.ReplayEventsResponse:
        return await answer_replay(
            self._messages.records, request, event_type=MessagingEvent, response_type=pb.ReplayEventsResponse
        )

    async def ListHeads(self, request: pb.ListHeadsRequest, _context: object) -> pb.ListHeadsResponse:
        return await answer_heads(
            self._messages.records,
            request,
            area="messaging",
            response_type=pb.ListHeadsResponse,
            clock=self._messages.clock,
        )

    async def AbsorbCustomer(self, request: pb.AbsorbCustomerRequest, _context: object) -> pb.AbsorbCustomerResponse:
        absorbed_now, survivor = await self._merges.absorb(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            origin=origin_of(current_call()),
        )
        return pb.AbsorbCustomerResponse(absorbed_now=absorbed_now, head=survivor.head())

    async def ReleaseCustomer(self, request: pb.ReleaseCustomerRequest, _context: object) -> pb.ReleaseCustomerResponse:
        released = await self._merges.release(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            source_session_ids=frozenset(request.source_session_ids),
            origin=origin_of(current_call()),
        )
        return answer_release(released, response_type=pb.ReleaseCustomerResponse)

    async def GetMergeOutcome(self, request: pb.GetMergeOutcomeRequest, _context: object) -> pb.GetMergeOutcomeResponse:
        return await answer_merge_outcome(self._messages.records, request, response_type=pb.GetMergeOutcomeResponse)

    async def ExportArea(self, request: pb.ExportAreaRequest, _context: object) -> pb.ExportAreaResponse:
        return await answer_export(self._messages.database, HOLDINGS, request, response_type=pb.ExportAreaResponse)

    async def EraseArea(self, request: pb.EraseAreaRequest, _context: object) -> pb.EraseAreaResponse:
        return await answer_erase(self._eraser, request, response_type=pb.EraseAreaResponse)

    async def ReadTogether(self, request: pb.ReadTogetherRequest, context: object) -> pb.ReadTogetherResponse:
        return await self._reads_together.answer(request, context, response_type=pb.ReadTogetherResponse)
