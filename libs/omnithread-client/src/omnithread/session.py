"""One visit of a customer on one channel."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.trace import Link, Span, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from omnithread.context.v1.context_pb2 import CustomerContext
from omnithread.context.v1.context_service_pb2 import HandoverResult, StartSessionRequest, StartSessionResponse
from omnithread.labels import Labels, carry
from omnithread.told import Told, noting

SESSION_SPAN = "omnithread.session"


@dataclass(frozen=True, slots=True)
class Session:
    """What StartSession gave. Keep `labels` with the visit (two short texts) and carry them in its later requests."""

    customer_id: str
    labels: Labels
    started: StartSessionResponse
    """The whole answer: outcome of the identification, problems, and the context."""
    told: Told = field(default_factory=Told)
    """What calls inside `carry()` were told is saved: `get_context` shows it. Keep its `text` with the labels."""

    @property
    def context(self) -> CustomerContext:
        """The customer context as it was when the session started."""
        return self.started.context

    @property
    def handover(self) -> HandoverResult | None:
        """What came of a hand-over; None where the session was started without one."""
        return self.started.handover if self.started.HasField("handover") else None

    @contextmanager
    def carry(self) -> Iterator[None]:
        """Every call made inside belongs to this session and its journey."""
        with carry(self.labels), noting(self.told):
            yield


def session_of(answer: StartSessionResponse) -> Session:
    """The session that an answer gives."""
    labels = Labels(journey_id=answer.journey_id, session_id=answer.session_id)
    session = Session(customer_id=answer.customer_id, labels=labels, started=answer)
    session.told.note(answer)
    return session


def with_handover(request: StartSessionRequest, *, token: str, code: str) -> StartSessionRequest:
    """The request with what was carried over; an empty text is none. Raises ValueError for both at once."""
    if token and code:
        raise ValueError("a token or six digits, not both")
    if token:
        request.handover_token = token
    if code:
        request.handover_code = code
    return request


def link_to_last_touchpoint(span: Span, answer: StartSessionResponse) -> None:
    """Link the session's first span to the journey's last touchpoint: a trace is minutes long, a journey weeks."""
    span.set_attribute("journey.id", answer.journey_id)
    span.set_attribute("session.id", answer.session_id)
    if answer.last_touchpoint_traceparent:
        carrier = {"traceparent": answer.last_touchpoint_traceparent}
        last = get_current_span(TraceContextTextMapPropagator().extract(carrier)).get_span_context()
        link = Link(last, attributes={"journey.id": answer.journey_id, "link.kind": "previous-touchpoint"})
        span.add_link(link.context, link.attributes)
