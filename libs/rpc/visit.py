"""One call on its way through the door: its labels and span on entering, its counters and status on leaving."""

import time
from contextvars import Token
from dataclasses import dataclass

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from prometheus_client import Counter, Histogram

from libs.errors import OmnithreadError, Status
from libs.rpc.status import CODES
from libs.telemetry.journey import JourneyLabels, add_journey_labels
from libs.telemetry.metrics import CallMetrics
from libs.telemetry.sampling import FAILED
from libs.telemetry.scrub import frames, safe_text, type_name

FAULTS_OF_OURS = frozenset(
    {Status.INTERNAL, Status.UNKNOWN, Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.DATA_LOSS}
)
"""A refusal is a good answer; these are not, and mark the span as an error."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method that the door guards."""

    path: str
    """`/omnithread.cart.v1.CartService/AddItem`."""

    @property
    def service(self) -> str:
        """`omnithread.cart.v1.CartService`."""
        return self.path[1:].partition("/")[0]

    @property
    def name(self) -> str:
        """`AddItem`."""
        return self.path.rpartition("/")[2]

    @property
    def internal(self) -> bool:
        """Whether only the suite's own services may use it."""
        return self.service.endswith("InternalService")


class MethodMeter:
    """The counters and the span's fixed part of one method, looked up once."""

    def __init__(self, method: Method, *, metrics: CallMetrics, tracer: Tracer) -> None:
        self._calls: Counter = metrics.calls
        self._seconds: Histogram = metrics.call_seconds.labels(method.path)
        self._path = method.path
        self._by_code: dict[Status, Counter] = {}
        self._tracer = tracer
        self._span_name = method.path[1:]
        self._attributes = {"rpc.system": "grpc", "rpc.service": method.service, "rpc.method": method.name}

    def start_span(self, parent: Context) -> Span:
        """Start the server span."""
        return self._tracer.start_span(self._span_name, parent, SpanKind.SERVER, self._attributes)

    def late_span(self, dropped: Span, started_ns: int) -> Span:
        """Give a recording span for a call that failed although it was not to be kept, under the same trace."""
        return self._tracer.start_span(
            self._span_name,
            trace.set_span_in_context(dropped, Context()),
            SpanKind.SERVER,
            {**self._attributes, FAILED: True},
            start_time=started_ns,
        )

    def count(self, status: Status, seconds: float) -> None:
        """Count one call."""
        counter = self._by_code.get(status)
        if counter is None:
            counter = self._by_code[status] = self._calls.labels(self._path, status.name)
        counter.inc()
        self._seconds.observe(seconds)


class Visit:
    """One call between entering and leaving. Its labels are already set when it is made."""

    __slots__ = ("_meter", "_started", "_started_ns", "_token", "span")

    def __init__(self, meter: MethodMeter, parent: Context) -> None:
        self._meter = meter
        self._started = time.perf_counter()
        self._started_ns = time.time_ns()
        self.span = meter.start_span(parent)
        self._token: Token[Context] = otel_context.attach(trace.set_span_in_context(self.span, Context()))

    def name_customer(self, customer_id: object) -> None:
        """Label the rest of the call with the customer that the request names."""
        if isinstance(customer_id, str) and customer_id:
            add_journey_labels(customer_id=customer_id)

    def leave(self, status: Status) -> None:
        """End a call that was answered or given up by its caller."""
        self._meter.count(status, time.perf_counter() - self._started)
        span = self.span
        if span.is_recording():
            span.set_attribute("rpc.grpc.status_code", CODES[status].value[0])
            span.end()

    def leave_failed(self, error: OmnithreadError, cause: Exception | None) -> None:
        """End a call with an error; `cause` is the exception behind one that was not expected."""
        self._meter.count(error.status, time.perf_counter() - self._started)
        if cause is not None:
            structlog.get_logger(__name__).error("call_failed", reason=error.reason, exc_info=cause)
        span = self.span if self.span.is_recording() else self._meter.late_span(self.span, self._started_ns)
        if not span.is_recording():
            return
        span.set_attributes({"rpc.grpc.status_code": CODES[error.status].value[0], "omnithread.reason": error.reason})
        if error.status in FAULTS_OF_OURS:
            span.set_status(StatusCode.ERROR, error.reason)
        if cause is not None:
            span.add_event(
                "exception",
                {
                    "exception.type": type_name(cause),
                    "exception.message": safe_text(cause),
                    "exception.stacktrace": "\n".join(frames(cause)),
                },
            )
        span.end()


def labels_for(labels: JourneyLabels, channel_id: str) -> JourneyLabels:
    """Give the labels of a call: what the caller named, and the channel that its token says."""
    return JourneyLabels(journey_id=labels.journey_id, session_id=labels.session_id, channel_id=channel_id)
