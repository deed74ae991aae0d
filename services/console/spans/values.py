"""One span as the pages know it, wherever it came from."""

from dataclasses import dataclass, field

JOURNEY = "journey.id"
CUSTOMER = "customer.id"
CHANNEL = "channel.id"

Value = str | int | float | bool
Attributes = dict[str, Value]


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened at one moment of a span."""

    name: str
    time_ns: int
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SpanLink:
    """Where a span goes on from, in another trace or this one."""

    trace_id: str
    span_id: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work in a trace."""

    trace_id: str
    """32 hexadecimal digits."""
    span_id: str
    """16 hexadecimal digits."""
    parent_span_id: str
    """Empty for the first span of a trace."""
    name: str
    service: str
    """The process's `service.name`."""
    kind: str
    """`internal`, `server`, `client`, `producer` or `consumer`."""
    start_ns: int
    """Nanoseconds since 1970, at most 64 bits of them: up to the year 2554."""
    end_ns: int
    """Not before the start."""
    error: str
    """What failed; empty where nothing did."""
    attributes: Attributes
    links: tuple[SpanLink, ...] = ()
    events: tuple[SpanEvent, ...] = ()
    resource: Attributes = field(default_factory=dict)
    """What its process says of itself; shared by the spans that came together."""
    size_bytes: int = 0
    """How much of the store's bound it takes: its size on the wire, and its share of its process's."""

    @property
    def journey_id(self) -> str:
        """The journey that it belongs to; empty where none is known."""
        return str(self.attributes.get(JOURNEY, ""))

    @property
    def customer_id(self) -> str:
        """The customer that it is about; empty where none is known."""
        return str(self.attributes.get(CUSTOMER, ""))

    @property
    def linked_trace_ids(self) -> tuple[str, ...]:
        """Traces that this one goes on from."""
        return tuple(link.trace_id for link in self.links)

    @property
    def duration_ns(self) -> int:
        """How long it took."""
        return self.end_ns - self.start_ns


@dataclass(frozen=True, slots=True)
class TraceSummary:
    """One trace in a list."""

    trace_id: str
    name: str
    """Of its first span."""
    service: str
    """Where that span was."""
    start_ns: int
    duration_ns: int
    span_count: int = 0
    """0 where whoever has the spans does not say."""
    failed: bool = False
    """Whether a span of it is known to have failed."""


def summary_of(spans: list[Span]) -> TraceSummary:
    """Sum up the spans of one trace, at least one."""
    ids = {span.span_id for span in spans}
    tops = [span for span in spans if span.parent_span_id not in ids] or spans
    first = min(tops, key=lambda span: (span.start_ns, span.span_id))
    start_ns = min(span.start_ns for span in spans)
    return TraceSummary(
        trace_id=first.trace_id,
        name=first.name,
        service=first.service,
        start_ns=start_ns,
        duration_ns=max(span.end_ns for span in spans) - start_ns,
        span_count=len(spans),
        failed=any(span.error for span in spans),
    )
