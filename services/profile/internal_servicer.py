"""Translates calls of the suite's own services: replay, heads, who stands for whom, and how far merges have come."""

from libs.errors import permission_denied
from libs.events.replay_service import answer_heads, answer_replay
from libs.merged_things import things_to_proto
from libs.mongo.privacy_service import answer_export
from libs.rpc.call import current_call, origin_of
from libs.rpc.reads_together import ReadsTogether
from libs.timestamps import to_timestamp
from omnithread.profile.v1 import profile_internal_service_pb2 as pb
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceServicer
from services.profile.audience import audience_to_proto
from services.profile.convert import identifier_to_proto, merge_to_proto
from services.profile.identity import Identities
from services.profile.living import living
from services.profile.operations import Profiles
from services.profile.privacy import HOLDINGS
from services.profile.verifying import Verifying

DELIVERS_CODES = "messaging"


class ProfileInternalServicer(ProfileInternalServiceServicer):
    """Answers other services; the door lets nobody else in."""

    def __init__(
        self, profiles: Profiles, *, verifying: Verifying, identities: Identities, reads_together: ReadsTogether
    ) -> None:
        self._profiles = profiles
        self._verifying = verifying
        self._identities = identities
        self._reads_together = reads_together

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

    async def GetVerificationCode(
        self, request: pb.GetVerificationCodeRequest, _context: object
    ) -> pb.GetVerificationCodeResponse:
        caller = current_call().caller.service
        if caller != DELIVERS_CODES:
            raise permission_denied("CALLER_NOT_ALLOWED", f"{caller} delivers no codes.")
        verification = await self._verifying.to_deliver(request.customer_id, request.verification_id)
        return pb.GetVerificationCodeResponse(
            identifier=identifier_to_proto(verification.identifier),
            code=verification.code,
            expire_time=to_timestamp(verification.expire_time),
            language=verification.language,
        )

    async def GetAudienceFacts(
        self, request: pb.GetAudienceFactsRequest, _context: object
    ) -> pb.GetAudienceFactsResponse:
        saved = await living(self._profiles.records, request.customer_id)
        return audience_to_proto(saved, frozenset(request.trait_names))

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

    async def CompleteUnmerge(self, request: pb.CompleteUnmergeRequest, _context: object) -> pb.CompleteUnmergeResponse:
        pending = await self._identities.complete_unmerge(
            merge_id=request.merge_id,
            survivor_customer_id=request.survivor_customer_id,
            area=request.area,
            origin=origin_of(current_call()),
        )
        return pb.CompleteUnmergeResponse(pending_areas=pending)

    async def GetMergeOutcome(self, request: pb.GetMergeOutcomeRequest, _context: object) -> pb.GetMergeOutcomeResponse:
        merge, things = await self._identities.merge_outcome(request.merge_id, request.survivor_customer_id)
        return pb.GetMergeOutcomeResponse(merge=merge_to_proto(merge), things=things_to_proto(things))

    async def ReadTogether(self, request: pb.ReadTogetherRequest, context: object) -> pb.ReadTogetherResponse:
        return await self._reads_together.answer(request, context, response_type=pb.ReadTogetherResponse)
