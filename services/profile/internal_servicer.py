"""Translates calls of the suite's own services: replay, heads, who stands for whom, and how far merges have come."""

from libs.events.replay_service import answer_heads, answer_replay
from libs.mongo.privacy_service import answer_export
from libs.rpc.call import current_call, origin_of
from omnithread.profile.v1 import profile_internal_service_pb2 as pb
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceServicer
from services.profile.operations import Profiles
from services.profile.privacy import HOLDINGS


class ProfileInternalServicer(ProfileInternalServiceServicer):
    """Answers other services; the door lets nobody else in."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    async def ReplayEvents(self, request: pb.ReplayEventsRequest, _context: object) -> pb.ReplayEventsResponse:
        return await answer_replay(
            self._profiles.records, request, event_type=ProfileEvent, response_type=pb.ReplayEventsResponse
        )

    async def ListHeads(self, request: pb.ListHeadsRequest, _context: object) -> pb.ListHeadsResponse:
        return await answer_heads(
            self._profiles.records,
            request,
            area="profile",
            response_type=pb.ListHeadsResponse,
            clock=self._profiles.clock,
        )

    async def ResolveCustomer(self, request: pb.ResolveCustomerRequest, _context: object) -> pb.ResolveCustomerResponse:
        standing, *merged = await self._profiles.everybody(request.customer_id)
        return pb.ResolveCustomerResponse(customer_id=standing, merged_customer_ids=merged)

    async def CompleteMerge(self, request: pb.CompleteMergeRequest, _context: object) -> pb.CompleteMergeResponse:
        pending = await self._profiles.complete_merge(
            merge_id=request.merge_id,
            survivor_customer_id=request.survivor_customer_id,
            area=request.area,
            origin=origin_of(current_call()),
        )
        return pb.CompleteMergeResponse(pending_areas=pending)

    async def ExportArea(self, request: pb.ExportAreaRequest, _context: object) -> pb.ExportAreaResponse:
        return await answer_export(
            self._profiles.forgetting.database,
            HOLDINGS,
            request,
            response_type=pb.ExportAreaResponse,
            customer_ids=await self._profiles.everybody(request.customer_id),
        )

    async def EraseArea(self, request: pb.EraseAreaRequest, _context: object) -> pb.EraseAreaResponse:
        receipt, customer_ids = await self._profiles.forgetting.erase(
            request.customer_id, erasure_id=request.erasure_id, origin=origin_of(current_call())
        )
        return pb.EraseAreaResponse(erasure=receipt, customer_ids=customer_ids)
