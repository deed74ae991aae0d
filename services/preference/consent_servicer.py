"""Translates calls: one short method per RPC of `ConsentService`."""

from libs.rpc.call import current_call, stamp_of
from omnithread.preference.v1 import consent_service_pb2 as pb
from omnithread.preference.v1.consent_service_pb2_grpc import ConsentServiceServicer
from omnithread.preference.v1.preference_pb2 import ConsentChainHead
from services.preference import errors
from services.preference.chain.reading import ChainReport, ConsentChains
from services.preference.chain.values import ChainHead, ChainNote
from services.preference.confirming.model import Which
from services.preference.confirming.operations import Confirming
from services.preference.convert import contact_point_from, preferences_to_proto
from services.preference.values import ConsentKey


class ConsentServicer(ConsentServiceServicer):
    """Confirms what waits, and shows that proofs are as they were noted."""

    def __init__(self, confirming: Confirming, chains: ConsentChains) -> None:
        self._confirming = confirming
        self._chains = chains

    async def ConfirmConsent(self, request: pb.ConfirmConsentRequest, _context: object) -> pb.ConfirmConsentResponse:
        outcome = await self._confirming.confirm(
            request.customer_id, _which(request), request.code, stamp=stamp_of(request)
        )
        return pb.ConfirmConsentResponse(
            preferences=preferences_to_proto(outcome.saved),
            replayed=outcome.replayed,
            head=outcome.saved.head(),
            record_id=outcome.facts["record_id"],
        )

    async def ResendConfirmation(
        self, request: pb.ResendConfirmationRequest, _context: object
    ) -> pb.ResendConfirmationResponse:
        outcome = await self._confirming.resend(
            request.customer_id, _which(request), stamp=stamp_of(request), brand=current_call().caller.brand
        )
        return pb.ResendConfirmationResponse(replayed=outcome.replayed, head=outcome.saved.head())

    async def VerifyConsentChain(
        self, request: pb.VerifyConsentChainRequest, _context: object
    ) -> pb.VerifyConsentChainResponse:
        customer_id = request.customer_id
        report = await self._chains.verify(
            customer_id,
            kept=_head_of(request.kept_head, customer_id, "kept_head") if request.HasField("kept_head") else None,
            after=_head_of(request.after, customer_id, "after") if request.HasField("after") else None,
        )
        return _report_to_proto(report, customer_id)

    async def GetConsentChainHead(
        self, request: pb.GetConsentChainHeadRequest, _context: object
    ) -> pb.GetConsentChainHeadResponse:
        head = await self._chains.head(request.customer_id)
        return pb.GetConsentChainHeadResponse(head=_head_to_proto(head, request.customer_id))


def _which(request: pb.ConfirmConsentRequest | pb.ResendConfirmationRequest) -> Which:
    if request.record_id:
        return Which(record_id=request.record_id)
    key = request.key
    return Which(key=ConsentKey(key.purpose, key.delivery_kind, contact_point_from(key)))


def _head_of(head: ConsentChainHead, customer_id: str, field: str) -> ChainHead | None:
    if head.customer_id not in ("", customer_id):
        raise errors.chain_head_invalid(field)
    if head.position and not head.digest:
        raise errors.chain_head_invalid(field)
    return ChainHead(head.position, head.digest) if head.position else None


def _head_to_proto(head: ChainHead, customer_id: str) -> ConsentChainHead:
    return ConsentChainHead(customer_id=customer_id, position=head.position, digest=head.digest)


def _report_to_proto(report: ChainReport, customer_id: str) -> pb.VerifyConsentChainResponse:
    finding = report.check.finding
    return pb.VerifyConsentChainResponse(
        ok=finding is None,
        fault=pb.ChainFault.Value(f"CHAIN_FAULT_{finding.fault}") if finding else pb.CHAIN_FAULT_UNSPECIFIED,
        fault_position=finding.position if finding else 0,
        fault_record_id=finding.entry_id if finding else "",
        checked_count=report.checked_count,
        erased_count=report.erased_count,
        unchained_count=report.unchained_count,
        head=_head_to_proto(report.check.head, customer_id),
        complete=report.is_complete and finding is None,
        absorbed_chains=[_note_to_proto(note) for note in report.notes],
    )


def _note_to_proto(note: ChainNote) -> pb.AbsorbedChain:
    return pb.AbsorbedChain(
        head=_head_to_proto(note.other, note.other_chain_id),
        merge_id=note.merge_id,
        position=note.link.position if note.link else 0,
        released=note.released,
    )
