"""OTLP -> spans, within limits whatever was sent."""

from collections.abc import Iterable, Iterator
from typing import Final

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from services.console.spans.values import Attributes, Span, SpanEvent, SpanLink, Value

MAX_TEXT_CHARACTERS = 4096
MAX_KEY_CHARACTERS = 256
MAX_ATTRIBUTES = 128
MAX_EVENTS = 128
MAX_LINKS = 128
TRACE_ID_BYTES = 16
SPAN_ID_BYTES = 8

KINDS: Final = {
    trace_pb2.Span.SPAN_KIND_SERVER: "server",
    trace_pb2.Span.SPAN_KIND_CLIENT: "client",
    trace_pb2.Span.SPAN_KIND_PRODUCER: "producer",
    trace_pb2.Span.SPAN_KIND_CONSUMER: "consumer",
}


def spans_of(export: ExportTraceServiceRequest) -> Iterator[Span]:
    """Read what an exporter sent. A span without a valid trace id or span id is none, and is left out."""
    for resource_spans in export.resource_spans:
        resource = _attributes(resource_spans.resource.attributes)
        service = str(resource.get("service.name", "unknown"))
        count = sum(len(scope_spans.spans) for scope_spans in resource_spans.scope_spans)
        shared_bytes = resource_spans.resource.ByteSize() // max(count, 1)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                if _is_id(span.trace_id, TRACE_ID_BYTES) and _is_id(span.span_id, SPAN_ID_BYTES):
                    yield _span(span, service=service, resource=resource, shared_bytes=shared_bytes)


def _is_id(given: bytes, size: int) -> bool:
    return len(given) == size and any(given)


def _span(span: trace_pb2.Span, *, service: str, resource: Attributes, shared_bytes: int) -> Span:
    failed = span.status.code == trace_pb2.Status.STATUS_CODE_ERROR
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex() if _is_id(span.parent_span_id, SPAN_ID_BYTES) else "",
        name=span.name[:MAX_TEXT_CHARACTERS],
        service=service,
        kind=KINDS.get(span.kind, "internal"),
        start_ns=span.start_time_unix_nano,
        end_ns=max(span.start_time_unix_nano, span.end_time_unix_nano),
        error=(span.status.message[:MAX_TEXT_CHARACTERS] or "failed") if failed else "",
        attributes=_attributes(span.attributes),
        links=tuple(_links(span)),
        events=tuple(_events(span)),
        resource=resource,
        size_bytes=span.ByteSize() + shared_bytes,
    )


def _links(span: trace_pb2.Span) -> Iterator[SpanLink]:
    for link in span.links[:MAX_LINKS]:
        if _is_id(link.trace_id, TRACE_ID_BYTES):
            yield SpanLink(
                trace_id=link.trace_id.hex(), span_id=link.span_id.hex()[:16], attributes=_attributes(link.attributes)
            )


def _events(span: trace_pb2.Span) -> Iterator[SpanEvent]:
    for event in span.events[:MAX_EVENTS]:
        yield SpanEvent(
            name=event.name[:MAX_TEXT_CHARACTERS],
            time_ns=event.time_unix_nano,
            attributes=_attributes(event.attributes),
        )


def _attributes(pairs: Iterable[KeyValue]) -> Attributes:
    read: Attributes = {}
    for pair in pairs:
        if len(read) == MAX_ATTRIBUTES:
            break
        read[pair.key[:MAX_KEY_CHARACTERS]] = _value(pair.value)
    return read


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
            # At most a hundred deep: protobuf reads nothing deeper.
            return ", ".join(str(_value(one)) for one in value.array_value.values)[:MAX_TEXT_CHARACTERS]
        case _:
            return ""
