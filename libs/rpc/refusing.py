"""Refuses: what was raised becomes a status on the wire, a line in the audit log, and the end of the call's span.

What nobody foresaw is answered without a word of it; the log has the cause.
"""

import asyncio
from dataclasses import dataclass

import grpc
import structlog

from libs.audit.calls import CallAudit
from libs.errors import OmnithreadError, Status, deadline_exceeded
from libs.rpc.access import SERVICES
from libs.rpc.call import CURRENT_CALL
from libs.rpc.entrance import Context
from libs.rpc.status import error_from_rpc, internal_error, retry_policy, to_wire
from libs.rpc.visit import Visit

LAST_MOMENT_SECONDS = 0.1
EXPIRED = "TOKEN_EXPIRED"


@dataclass(frozen=True, slots=True)
class Refusals:
    """Refuses calls of one service; `domain` says whose the reasons are."""

    domain: str
    audit: CallAudit | None

    async def refuse(
        self, visit: Visit, context: Context, raised: Exception, *, audited: bool, was_told: bool = False
    ) -> None:
        """Answer with the error on the wire; grpc's own exception ends the call.

        A stream that told something and ends with its token ends as all do: that is no refusal to be noted.
        """
        error, cause = _as_ours(raised)
        if self.audit is not None and not (was_told and error.reason == EXPIRED):
            self.audit.failed(error, audited=audited)
        visit.leave_failed(error, cause)
        try:
            code, message, trailing = to_wire(error, domain=self.domain)
        except (TypeError, ValueError) as fault:  # an error whose parts do not fit into a message
            structlog.get_logger(__name__).error("error_not_encodable", reason=error.reason, exc_info=fault)
            code, message, trailing = to_wire(internal_error(), domain=self.domain)
        no_more = retry_policy(error, domain=self.domain, services=SERVICES)
        await context.abort(code, message, (*trailing, *no_more))


def _as_ours(raised: Exception) -> tuple[OmnithreadError, Exception | None]:
    """Give the error to answer with, and the exception to log where it was not expected."""
    if isinstance(raised, OmnithreadError):
        return raised, None
    if isinstance(raised, grpc.aio.AioRpcError):
        error = error_from_rpc(raised)
        return error, raised if error.status is Status.INTERNAL else None
    if isinstance(raised, TimeoutError) and _deadline_passed():
        return deadline_exceeded(), None
    return internal_error(), raised


def _deadline_passed() -> bool:
    deadline = CURRENT_CALL.get().deadline
    return deadline is not None and asyncio.get_running_loop().time() >= deadline


def given_up(remaining_seconds: float | None) -> Status:
    """Say why grpc cancelled a call: its deadline passed, or its caller left.

    The caller's clock started when it called and ours when the call arrived: the caller's own end of the deadline
    comes here as a cancellation in the last moment of ours.
    """
    on_time = remaining_seconds is not None and remaining_seconds <= LAST_MOMENT_SECONDS
    return Status.DEADLINE_EXCEEDED if on_time else Status.CANCELLED
