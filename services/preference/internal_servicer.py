"""Translates calls of the suite's own services: replay, heads, merging and its undoing, export and erasure."""

from libs.events.replay_service import answer_heads, answer_replay
from libs.merge_service import answer_merge_outcome, answer_release
from libs.mongo.privacy_service import answer_erase, answer_export
from libs.rpc.call import current_call, origin_of
from libs.timestamps import from_timestamp
from omnithread.preference.v1 import preference_internal_service_pb2 as pb
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceServicer
from services.preference.operations import PreferenceBook
from services.preference.privacy import HOLDINGS, eraser_over


class PreferenceInternalServicer(PreferenceInternalServiceServicer):
    """Answers other services; the door lets nobody else in."""

    def __init__(self, book: PreferenceBook) -> None:
        self._book = book
        self._eraser = eraser_over(book.records, book.database, book.clock)

    async def ReplayEvents(self, request: pb.ReplayEventsRequest, _context: object) -> pb.ReplayEventsResponse:
        return await answer_replay(
            self._book.records, request, event_type=PreferenceEvent, response_type=pb.ReplayEventsResponse
        )

    async def ListHeads(self, request: pb.ListHeadsRequest, _context: object) -> pb.ListHeadsResponse:
        return await answer_heads(
            self._book.records, request, area="preference", response_type=pb.ListHeadsResponse, clock=self._book.clock
        )

    async def AbsorbCustomer(self, request: pb.AbsorbCustomerRequest, _context: object) -> pb.AbsorbCustomerResponse:
        absorbed_now, survivor = await self._book.absorb(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            origin=origin_of(current_call()),
            merge_time=from_timestamp(request.merge_time) if request.HasField("merge_time") else None,
        )
        return pb.AbsorbCustomerResponse(absorbed_now=absorbed_now, head=survivor.head())

    async def ReleaseCustomer(self, request: pb.ReleaseCustomerRequest, _context: object) -> pb.ReleaseCustomerResponse:
        released = await self._book.release(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            source_session_ids=frozenset(request.source_session_ids),
            merge_time=from_timestamp(request.merge_time),
            origin=origin_of(current_call()),
        )
        return answer_release(released, response_type=pb.ReleaseCustomerResponse)

    async def GetMergeOutcome(self, request: pb.GetMergeOutcomeRequest, _context: object) -> pb.GetMergeOutcomeResponse:
        return await answer_merge_outcome(self._book.records, request, response_type=pb.GetMergeOutcomeResponse)

    async def ExportArea(self, request: pb.ExportAreaRequest, _context: object) -> pb.ExportAreaResponse:
        return await answer_export(self._book.database, HOLDINGS, request, response_type=pb.ExportAreaResponse)

    async def EraseArea(self, request: pb.EraseAreaRequest, _context: object) -> pb.EraseAreaResponse:
        return await answer_erase(self._eraser, request, response_type=pb.EraseAreaResponse)

    async def CreateMessageLinks(
        self, request: pb.CreateMessageLinksRequest, _context: object
    ) -> pb.CreateMessageLinksResponse:
        raise NotImplementedError

    async def GetConfirmation(self, request: pb.GetConfirmationRequest, _context: object) -> pb.GetConfirmationResponse:
        raise NotImplementedError

    async def ShowLink(self, request: pb.ShowLinkRequest, _context: object) -> pb.ShowLinkResponse:
        raise NotImplementedError

    async def UseLink(self, request: pb.UseLinkRequest, _context: object) -> pb.UseLinkResponse:
        raise NotImplementedError
