"""One span as it is kept: what OTLP says, without what nobody here reads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

JOURNEY = "journey.id"
MAX_TEXT_CHARACTERS = 4096

Value = str | int | float | bool


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
    end_ns: int
    """Nanoseconds since 1970."""
    error: str
    """What failed; empty where nothing did."""
    attributes: dict[str, Value]
    linked_trace_ids: tuple[str, ...]
    """Traces that this one goes on from."""
    size_bytes: int
    """How much of the store's bound it takes: its size on the wire."""

    @property
    def journey_id(self) -> str:
        """The journey that it belongs to; empty where none is known."""
        return str(self.attributes.get(JOURNEY, ""))


def spans_of(export: ExportTraceServiceRequest) -> Iterator[Span]:
    """Read what an exporter sent."""
    for resource_spans in export.resource_spans:
        resource = _attributes(resource_spans.resource.attributes)
        service = str(resource.get("service.name", "unknown"))
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield _span(span, service=service)


def _span(span: trace_pb2.Span, *, service: str) -> Span:
    failed = span.status.code == trace_pb2.Status.STATUS_CODE_ERROR
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex(),
        name=span.name[:MAX_TEXT_CHARACTERS],
        service=service,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        error=(span.status.message[:MAX_TEXT_CHARACTERS] or "failed") if failed else "",
        attributes=_attributes(span.attributes),
        linked_trace_ids=tuple(link.trace_id.hex() for link in span.links),
        size_bytes=span.ByteSize(),
    )


def _attributes(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Value:
    match value.WhichOneof("value"):
        case "bool_value":
            return value.bool_value
        case "int_value":
            return value.int_value
        case "double_value":
            return value.double_value
        case "string_value":
            return value.string_value[:MAX_TEXT_CHARACTERS]
        case "array_value":
            return ", ".join(str(_value(one)) for one in value.array_value.values)[:MAX_TEXT_CHARACTERS]
        case _:
            return ""
