"""Translates calls of the suite's own services: replay, heads, merging and its undoing, export and erasure."""

from libs.events.replay_service import answer_heads, answer_replay
from libs.merge_service import answer_merge_outcome, answer_release
from libs.mongo.privacy_service import answer_erase, answer_export
from libs.rpc.call import current_call, origin_of, stamp_of
from libs.rpc.reads_together import ReadsTogether
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.cart.v1 import cart_internal_service_pb2 as pb
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceServicer
from services.cart.audit.convert import rejection_to_proto
from services.cart.handover.convert import wish_of_link
from services.cart.handover.operations import Handovers
from services.cart.operations import Carts
from services.cart.privacy import HOLDINGS, eraser_over

REJECTIONS_PAGE = 100


class CartInternalServicer(CartInternalServiceServicer):
    """Answers other services; the door lets nobody else in."""

    def __init__(self, carts: Carts, handovers: Handovers, reads_together: ReadsTogether) -> None:
        self._carts = carts
        self._handovers = handovers
        self._reads_together = reads_together
        self._eraser = eraser_over(carts.records, carts.database, carts.clock)

    async def ReplayEvents(self, request: pb.ReplayEventsRequest, _context: object) -> pb.ReplayEventsResponse:
        return await answer_replay(
            self._carts.records, request, event_type=CartEvent, response_type=pb.ReplayEventsResponse
        )

    async def ListHeads(self, request: pb.ListHeadsRequest, _context: object) -> pb.ListHeadsResponse:
        return await answer_heads(
            self._carts.records, request, area="cart", response_type=pb.ListHeadsResponse, clock=self._carts.clock
        )

    async def AbsorbCustomer(self, request: pb.AbsorbCustomerRequest, _context: object) -> pb.AbsorbCustomerResponse:
        absorbed_now, survivor = await self._carts.absorb(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            origin=origin_of(current_call()),
        )
        return pb.AbsorbCustomerResponse(absorbed_now=absorbed_now, head=survivor.head())

    async def ReleaseCustomer(self, request: pb.ReleaseCustomerRequest, _context: object) -> pb.ReleaseCustomerResponse:
        released = await self._carts.release(
            merge_id=request.merge_id,
            source_customer_id=request.source_customer_id,
            survivor_customer_id=request.survivor_customer_id,
            source_session_ids=frozenset(request.source_session_ids),
            origin=origin_of(current_call()),
        )
        return answer_release(released, response_type=pb.ReleaseCustomerResponse)

    async def GetMergeOutcome(self, request: pb.GetMergeOutcomeRequest, _context: object) -> pb.GetMergeOutcomeResponse:
        return await answer_merge_outcome(self._carts.records, request, response_type=pb.GetMergeOutcomeResponse)

    async def ExportArea(self, request: pb.ExportAreaRequest, _context: object) -> pb.ExportAreaResponse:
        return await answer_export(self._carts.database, HOLDINGS, request, response_type=pb.ExportAreaResponse)

    async def ListRejections(self, request: pb.ListRejectionsRequest, _context: object) -> pb.ListRejectionsResponse:
        found = await self._carts.commands.rejections.since(
            from_timestamp(request.since), limit=request.page_size or REJECTIONS_PAGE
        )
        return pb.ListRejectionsResponse(rejections=map(rejection_to_proto, found))

    async def EraseArea(self, request: pb.EraseAreaRequest, _context: object) -> pb.EraseAreaResponse:
        return await answer_erase(self._eraser, request, response_type=pb.EraseAreaResponse)

    async def CreateResumeLink(
        self, request: pb.CreateResumeLinkRequest, _context: object
    ) -> pb.CreateResumeLinkResponse:
        made = await self._handovers.create(request.customer_id, wish_of_link(request), stamp_of(request))
        return pb.CreateResumeLinkResponse(link=made.link, expire_time=to_timestamp(made.handover.expire_time))

    async def ShowHandover(self, request: pb.ShowHandoverRequest, _context: object) -> pb.ShowHandoverResponse:
        handover = await self._handovers.show(request.token)
        return pb.ShowHandoverResponse(expire_time=to_timestamp(handover.expire_time))

    async def ReadTogether(self, request: pb.ReadTogetherRequest, context: object) -> pb.ReadTogetherResponse:
        return await self._reads_together.answer(request, context, response_type=pb.ReadTogetherResponse)
