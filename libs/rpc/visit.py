"""One call on its way through the door: its labels and span on entering, its counters and status on leaving."""

import time
from contextvars import Token
from dataclasses import dataclass

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanContext, SpanKind, Tracer
from prometheus_client import Counter, Histogram

from libs.errors import OmnithreadError, Status
from libs.rpc.access import Rule, rule_of
from libs.rpc.status import CODES
from libs.telemetry.exemplars import Exemplars
from libs.telemetry.journey import JourneyLabels, add_journey_labels
from libs.telemetry.metrics import CallMetrics, kind_label
from libs.telemetry.sampling import CALLER, FAILED
from libs.telemetry.scrub import frames, safe_text, type_name
from omnithread.rpc_spans import note_status, rpc_attributes

INTERNAL = "InternalService"
"""How the names of services end that are for the suite's own services only."""


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
    def rule(self) -> Rule:
        """Who may use it."""
        return rule_of(self.path)


class MethodMeter:
    """The counters and the span's fixed part of one method, looked up once."""

    def __init__(self, method: Method, *, metrics: CallMetrics, tracer: Tracer, streams: bool = False) -> None:
        self._metrics = metrics
        self._path = method.path
        self._open = metrics.streams_open.labels(method.path) if streams else None
        self._counters: dict[tuple[int, Status], Counter] = {}
        self._timers: dict[int, Timer] = {}
        self._tracer = tracer
        self._span_name = method.path[1:]
        self._attributes = rpc_attributes(method.path)

    def start_span(self, parent: Context, *, service: str) -> Span:
        """Start the server span; `service` is the one of ours that calls, empty for a channel."""
        attributes = {**self._attributes, CALLER: service} if service else self._attributes
        return self._tracer.start_span(self._span_name, parent, SpanKind.SERVER, attributes)

    def late_span(self, dropped: Span, started_ns: int) -> Span:
        """Give a recording span for a call that failed although it was not to be kept, under the same trace."""
        return self._tracer.start_span(
            self._span_name,
            trace.set_span_in_context(dropped, Context()),
            SpanKind.SERVER,
            {**self._attributes, FAILED: True},
            start_time=started_ns,
        )

    def began(self) -> None:
        """Note that a stream is open."""
        if self._open is not None:
            self._open.inc()

    def again(self, channel_kind: int) -> None:
        """Count a call that gRPC's client sent again."""
        self._metrics.retried.labels(self._path, kind_label(channel_kind)).inc()

    def error(self, status: Status, reason: str) -> None:
        """Count an error by its reason."""
        self._metrics.error(status.name, reason)

    def count(self, status: Status, seconds: float, channel_kind: int, span: SpanContext) -> None:
        """Count one call that ended."""
        counter = self._counters.get((channel_kind, status))
        if counter is None:
            counter = self._metrics.calls.labels(self._path, kind_label(channel_kind), status.name)
            self._counters[channel_kind, status] = counter
        counter.inc()
        if self._open is not None:
            self._open.dec()
            return
        timer = self._timers.get(channel_kind)
        if timer is None:
            timer = Timer(self._metrics.call_seconds.labels(self._path, kind_label(channel_kind)), Exemplars())
            self._timers[channel_kind] = timer
        timer.histogram.observe(seconds, timer.exemplars.of(seconds, span))


@dataclass(frozen=True, slots=True)
class Timer:
    """The times of one method for one kind of channel."""

    histogram: Histogram
    exemplars: Exemplars


class Visit:
    """One call between entering and leaving. Its labels are already set when it is made."""

    __slots__ = ("_channel_kind", "_meter", "_started", "_started_ns", "_token", "span")

    def __init__(
        self, meter: MethodMeter, parent: Context, *, channel_kind: int, service: str = "", again: bool = False
    ) -> None:
        """Enter; `channel_kind` is the caller's (0 where it is not known), `again` a call that gRPC repeats.

        `service` is the one of ours that calls, empty for a channel.
        """
        self._meter = meter
        self._channel_kind = channel_kind
        meter.began()
        if again:
            meter.again(channel_kind)
        self._started = time.perf_counter()
        self._started_ns = time.time_ns()
        self.span = meter.start_span(parent, service=service)
        self._token: Token[Context] = otel_context.attach(trace.set_span_in_context(self.span, Context()))

    def name_customer(self, customer_id: str) -> None:
        """Label the rest of the call with the customer that the request names."""
        if customer_id:
            add_journey_labels(customer_id=customer_id)

    def leave(self, status: Status) -> None:
        """End a call that was answered or given up by its caller."""
        span = self.span
        self._count(status, span)
        if span.is_recording():
            note_status(span, CODES[status])
            span.end()

    def leave_failed(self, error: OmnithreadError, cause: Exception | None) -> None:
        """End a call with an error; `cause` is the exception behind one that was not expected."""
        self._meter.error(error.status, error.reason)
        if cause is not None:
            structlog.get_logger(__name__).error("call_failed", reason=error.reason, exc_info=cause)
        span = self.span if self.span.is_recording() else self._meter.late_span(self.span, self._started_ns)
        self._count(error.status, span)
        if not span.is_recording():
            return
        note_status(span, CODES[error.status], reason=error.reason)
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

    def _count(self, status: Status, span: Span) -> None:
        seconds = time.perf_counter() - self._started
        self._meter.count(status, seconds, self._channel_kind, span.get_span_context())


def labels_for(labels: JourneyLabels, channel_id: str) -> JourneyLabels:
    """Give the labels of a call: what the caller named, and the channel that its token says."""
    return JourneyLabels(journey_id=labels.journey_id, session_id=labels.session_id, channel_id=channel_id)
