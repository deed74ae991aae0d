"""Answers for the audit log: the same in every service."""

from libs.audit.entries import Entry, Verdict
from libs.audit.store import AuditLog, Wanted
from libs.rpc.pages import PageTokens, page_size
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1 import audit_service_pb2 as pb
from omnithread.common.v1.audit_service_pb2_grpc import AuditLogServiceServicer

VERDICTS = {
    Verdict.ALLOWED: pb.AUDIT_VERDICT_ALLOWED,
    Verdict.DENIED: pb.AUDIT_VERDICT_DENIED,
}
PAGES = PageTokens("audit")


class AuditLogServicer(AuditLogServiceServicer):
    """One short method per RPC."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    async def ListAuditEntries(  # noqa: D102, N802  what it does is said in the contract, and its name stands there
        self, request: pb.ListAuditEntriesRequest, _context: object
    ) -> pb.ListAuditEntriesResponse:
        wanted, size = _wanted(request), page_size(request.page_size)
        position = PAGES.decode(request.page_token, owner=_owner(request))
        before = None if position is None else str(position["id"])
        found = await self._log.page(wanted, before=before, limit=size + 1)
        token = PAGES.encode({"id": found[size - 1][0]}, owner=_owner(request)) if len(found) > size else ""
        return pb.ListAuditEntriesResponse(
            entries=[entry_to_proto(entry) for _, entry in found[:size]], next_page_token=token
        )


def entry_to_proto(entry: Entry) -> pb.AuditEntry:
    """Give an entry as the contract has it."""
    return pb.AuditEntry(
        time=to_timestamp(entry.time),
        last_time=to_timestamp(entry.last_time),
        count=entry.count,
        channel_id=entry.who.channel_id,
        actor_id=entry.who.actor_id,
        service=entry.who.service,
        method=entry.what.method,
        customer_ids=entry.what.customer_ids,
        verdict=VERDICTS[entry.what.verdict],
        reason=entry.what.reason,
        trace_id=entry.trace_id,
    )


def _wanted(request: pb.ListAuditEntriesRequest) -> Wanted:
    return Wanted(
        customer_id=request.customer_id,
        channel_id=request.channel_id,
        verdict=next((one for one, value in VERDICTS.items() if value == request.verdict), None),
        from_time=from_timestamp(request.from_time, field="from_time") if request.HasField("from_time") else None,
        to_time=from_timestamp(request.to_time, field="to_time") if request.HasField("to_time") else None,
    )


def _owner(request: pb.ListAuditEntriesRequest) -> str:
    """Name the list that a page belongs to: another question has other pages."""
    asked = pb.ListAuditEntriesRequest()
    asked.CopyFrom(request)
    asked.ClearField("page_size")
    asked.ClearField("page_token")
    return asked.SerializeToString(deterministic=True).hex()
