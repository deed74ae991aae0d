"""Translates calls: one short method per RPC of `IdentityService`, between the contract's words and the operations."""

from libs.rpc.call import stamp_of
from libs.rpc.pages import PageTokens, page_size
from libs.telemetry.journey import add_journey_labels
from libs.timestamps import to_timestamp
from omnithread.profile.v1 import identity_service_pb2 as pb
from omnithread.profile.v1.identity_service_pb2_grpc import IdentityServiceServicer
from services.profile.convert import (
    asked_identifier_from_proto,
    identifier_to_proto,
    merge_to_proto,
    profile_to_proto,
)
from services.profile.explanation import leads_here, sentence_of_identifier, sentences
from services.profile.identity import Identities
from services.profile.requests import set_aside_to_proto
from services.profile.verifying import Verifying

MERGE_PAGES = PageTokens("profile.merges")


class IdentityServicer(IdentityServiceServicer):
    """Proves who somebody is, joins and parts customers, and explains it."""

    def __init__(self, *, verifying: Verifying, identities: Identities) -> None:
        self._verifying = verifying
        self._identities = identities

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

    async def MergeCustomers(self, request: pb.MergeCustomersRequest, _context: object) -> pb.MergeCustomersResponse:
        done = await self._identities.merge(
            request.customer_id, request.other_customer_id, reason=request.reason, stamp=stamp_of(request)
        )
        add_journey_labels(customer_id=done.saved.customer_id)
        return pb.MergeCustomersResponse(
            profile=profile_to_proto(done.saved),
            merge=merge_to_proto(done.merge),
            replayed=done.replayed,
            head=done.saved.head(),
        )

    async def UnmergeCustomers(
        self, request: pb.UnmergeCustomersRequest, _context: object
    ) -> pb.UnmergeCustomersResponse:
        done = await self._identities.unmerge(
            request.customer_id, request.merge_id, reason=request.reason, stamp=stamp_of(request)
        )
        return pb.UnmergeCustomersResponse(
            survivor=profile_to_proto(done.survivor),
            restored=profile_to_proto(done.restored),
            merge=merge_to_proto(done.merge),
            replayed=done.replayed,
            head=done.survivor.head(),
        )

    async def ListMerges(self, request: pb.ListMergesRequest, _context: object) -> pb.ListMergesResponse:
        position = MERGE_PAGES.decode(request.page_token, owner=request.customer_id)
        after = str(position["merge_id"]) if position else ""
        merges = list(await self._identities.list_merges(request.customer_id))
        ids = [str(merge.merge_id) for merge in merges]
        first = ids.index(after) + 1 if after in ids else 0
        page = merges[first : first + page_size(request.page_size)]
        more = page and page[-1].merge_id != ids[-1]
        return pb.ListMergesResponse(
            merges=[merge_to_proto(merge) for merge in page],
            next_page_token=MERGE_PAGES.encode({"merge_id": page[-1].merge_id}, owner=request.customer_id)
            if more
            else "",
        )

    async def ExplainIdentity(self, request: pb.ExplainIdentityRequest, _context: object) -> pb.ExplainIdentityResponse:
        saved, claims = await self._identities.explain(request.customer_id)
        profile = saved.state
        linked = []
        for held in profile.identifiers:
            claim = claims.get(held.identifier.key)
            linked.append(
                pb.LinkedIdentifier(
                    identifier=identifier_to_proto(held.identifier),
                    identifies=leads_here(held, claim),
                    link_time=to_timestamp(held.link_time),
                    channel=held.channel.to_proto(),
                    first_customer_id=claim.first_id if claim else profile.customer_id,
                    explanation=sentence_of_identifier(held, claim, own_id=saved.customer_id),
                )
            )
        return pb.ExplainIdentityResponse(
            customer_id=saved.customer_id,
            identifiers=sorted(linked, key=lambda one: (one.identifier.kind, one.identifier.value)),
            merges=[merge_to_proto(merge) for merge in profile.merges],
            sentences=sentences(profile, claims),
        )
