"""Translates calls: one short method per RPC of `ProfileService`, between the contract's words and the operations."""

from libs.channel import Channel
from libs.errors import permission_denied
from libs.rpc.call import current_call, origin_of, stamp_of
from libs.rpc.written import Written
from libs.telemetry.journey import add_journey_labels
from omnithread.profile.v1 import profile_service_pb2 as pb
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceServicer
from services.profile.convert import asked_identifier_from_proto, profile_to_proto
from services.profile.operations import Profiles
from services.profile.requests import (
    batch_profile_to_proto,
    identify_response,
    introduction_from_request,
    record_to_answer,
    update_from_request,
)


class ProfileServicer(ProfileServiceServicer):
    """Answers what channels ask of customers."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles
        self._written = Written(record_to_answer)

    async def Identify(self, request: pb.IdentifyRequest, _context: object) -> pb.IdentifyResponse:
        if request.continued_guest_id and not current_call().caller.service:
            raise permission_denied("CALLER_NOT_ALLOWED", "Only the suite's own services may name a continued guest.")
        told = introduction_from_request(
            request, channel=_channel(), now=self._profiles.clock(), rules=self._profiles.rules
        )
        outcome = await self._profiles.identify(told, stamp_of(request))
        add_journey_labels(customer_id=outcome.saved.customer_id)
        return identify_response(outcome, told.identifiers)

    async def GetProfile(self, request: pb.GetProfileRequest, _context: object) -> pb.GetProfileResponse:
        if request.HasField("identifier"):
            saved = await self._profiles.get_by_identifier(
                asked_identifier_from_proto(request.identifier, rules=self._profiles.rules), origin_of(current_call())
            )
            add_journey_labels(customer_id=saved.customer_id)
        else:
            saved = await self._profiles.get(request.customer_id)
        return self._written.of(saved.customer_id, saved)

    async def BatchGetProfiles(
        self, request: pb.BatchGetProfilesRequest, _context: object
    ) -> pb.BatchGetProfilesResponse:
        found = await self._profiles.get_many(request.customer_ids)
        return pb.BatchGetProfilesResponse(
            profiles=[batch_profile_to_proto(asked, found[asked]) for asked in request.customer_ids if asked in found]
        )

    async def UpdateProfile(self, request: pb.UpdateProfileRequest, _context: object) -> pb.UpdateProfileResponse:
        outcome = await self._profiles.update(
            request.profile.customer_id,
            update_from_request(request, channel=_channel(), now=self._profiles.clock()),
            etag=request.etag,
            stamp=stamp_of(request),
        )
        return pb.UpdateProfileResponse(
            profile=profile_to_proto(outcome.saved), replayed=outcome.replayed, head=outcome.saved.head()
        )


def _channel() -> Channel:
    caller = current_call().caller
    return Channel(id=caller.channel_id, kind=caller.channel_kind)
