"""Translates calls: one short method per RPC of `IdentityService`, between the contract's words and the operations."""

from libs.rpc.call import stamp_of
from libs.telemetry.journey import add_journey_labels
from libs.timestamps import to_timestamp
from omnithread.profile.v1 import identity_service_pb2 as pb
from omnithread.profile.v1.identity_service_pb2_grpc import IdentityServiceServicer
from services.profile.convert import asked_identifier_from_proto, merge_to_proto, profile_to_proto
from services.profile.requests import set_aside_to_proto
from services.profile.verifying import Verifying


class IdentityServicer(IdentityServiceServicer):
    """Proves who somebody is, and explains it."""

    def __init__(self, *, verifying: Verifying) -> None:
        self._verifying = verifying

    async def StartVerification(
        self, request: pb.StartVerificationRequest, _context: object
    ) -> pb.StartVerificationResponse:
        started = await self._verifying.start(
            request.customer_id,
            asked_identifier_from_proto(request.identifier, rules=self._verifying.rules),
            language=request.language,
            stamp=stamp_of(request),
        )
        return pb.StartVerificationResponse(
            verification_id=started.verification_id,
            expire_time=to_timestamp(started.expire_time),
            replayed=started.replayed,
        )

    async def VerifyIdentifier(
        self, request: pb.VerifyIdentifierRequest, _context: object
    ) -> pb.VerifyIdentifierResponse:
        verified = await self._verifying.verify(
            request.customer_id, request.verification_id, request.code, stamp=stamp_of(request)
        )
        saved = verified.outcome.saved
        add_journey_labels(customer_id=saved.customer_id)
        return pb.VerifyIdentifierResponse(
            profile=profile_to_proto(saved),
            pending_merges=[merge_to_proto(merge) for merge in saved.state.merges if merge.pending_areas],
            replayed=verified.outcome.replayed,
            head=saved.head(),
            set_aside=set_aside_to_proto(verified.outcome, verified.identifiers) if verified.identifiers else (),
        )
