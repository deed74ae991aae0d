"""Tells the audit log of calls as the door sees them: who was refused, and who read what is personal."""

from google.protobuf.message import Message

from libs.audit.entries import MOST_CUSTOMERS, Verdict, What, Who
from libs.audit.notebook import Notebook
from libs.errors import TURNED_AWAY, OmnithreadError, Status
from libs.rpc.call import Call, current_call
from libs.telemetry.journey import LABELS
from libs.telemetry.propagation import span_context_of
from omnithread.rpc_spans import CUSTOMER_ID, customer_of

DENIALS = frozenset({Status.PERMISSION_DENIED, Status.UNAUTHENTICATED})


def is_denial(raised: Exception) -> bool:
    """Say whether somebody was not let in, which is noted of every method."""
    return isinstance(raised, OmnithreadError) and raised.status in DENIALS


class CallAudit:
    """Notes the call that is being answered.

    What the suite's services read in their own name nobody looks at, and it is not noted; nor is what one of them asks
    in the name of a channel whose call it is answering: that call is noted where it came in. Denials always are.
    """

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def answered(self, request: Message | None = None, response: Message | None = None) -> None:
        """Note a call of a method that is audited, under whom it asked for and under whom it was told of.

        Those are two where the one asked for was merged into another.
        """
        if not _is_for_the_suite(current_call()):
            customers = sorted({*_customers(request), *_customers(response)})[:MOST_CUSTOMERS]
            self._note(Verdict.ALLOWED, customers=tuple(customers))

    def failed(self, error: OmnithreadError, *, audited: bool) -> None:
        """Note a refusal; of a method that is audited also what went wrong otherwise."""
        if is_denial(error):
            self._note(Verdict.DENIED, reason=error.reason)
        elif audited and error.reason not in TURNED_AWAY and not _is_for_the_suite(current_call()):
            self._note(Verdict.ALLOWED, reason=error.reason)

    def _note(self, verdict: Verdict, *, customers: tuple[str, ...] = (), reason: str = "") -> None:
        call, labelled = current_call(), LABELS.get().customer_id
        what = What(
            method=call.method,
            verdict=verdict,
            customer_ids=customers or ((labelled,) if labelled else ()),
            reason=reason,
        )
        self._notebook.note(_who(call), what, trace_id=_trace_of(call))


def _who(call: Call) -> Who:
    caller = call.caller
    # A service that works for a channel calls in its own name: the channel is told beside it.
    return Who(channel_id=caller.channel_id, actor_id=caller.actor_id, service=caller.service)


def _trace_of(call: Call) -> str:
    context = span_context_of(call.traceparent)
    return "" if context is None else f"{context.trace_id:032x}"


def _is_for_the_suite(call: Call) -> bool:
    return bool(call.caller.service or call.passed_on_by)


def _customers(message: Message | None) -> tuple[str, ...]:
    if message is None:
        return ()
    one = customer_of(message)
    many = getattr(message, "customer_ids", ())
    return tuple({*((one,) if one else ()), *(other for other in many if CUSTOMER_ID.fullmatch(other))})
