"""Spans to make pictures of."""

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from services.console.spans.values import Span, SpanLink


def span(
    trace: str,
    name: str,
    *,
    parent: str = "",
    start: int = 0,
    took: int = 10,
    size: int = 100,
    journey: str = "",
    links: tuple[str, ...] = (),
    error: str = "",
) -> Span:
    return Span(
        trace_id=trace,
        span_id=name,
        parent_span_id=parent,
        name=name,
        service="cart",
        kind="server",
        start_ns=start,
        end_ns=start + took,
        error=error,
        attributes={"journey.id": journey} if journey else {},
        links=tuple(SpanLink(trace_id=one, span_id="") for one in links),
        size_bytes=size,
    )


def export(*spans: trace_pb2.Span, service: str = "cart") -> ExportTraceServiceRequest:
    sent = ExportTraceServiceRequest()
    resource = sent.resource_spans.add()
    resource.resource.attributes.append(text("service.name", service))
    resource.scope_spans.add().spans.extend(spans)
    return sent


def text(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def wire_span(number: int = 1, *, trace: int = 1, linked: int = 0) -> trace_pb2.Span:
    sent = trace_pb2.Span(
        trace_id=trace.to_bytes(16),
        span_id=number.to_bytes(8),
        name="AddItem",
        kind=trace_pb2.Span.SPAN_KIND_SERVER,
        start_time_unix_nano=1_700_000_000_000_000_000,
        end_time_unix_nano=1_700_000_000_000_000_500,
        attributes=[text("journey.id", "jrn_1")],
        status=trace_pb2.Status(code=trace_pb2.Status.STATUS_CODE_ERROR, message="CART_EMPTY"),
        events=[trace_pb2.Span.Event(name="exception", time_unix_nano=1_700_000_000_000_000_100)],
    )
    if linked:
        sent.links.add(
            trace_id=linked.to_bytes(16),
            span_id=(9).to_bytes(8),
            attributes=[text("link.kind", "previous-touchpoint")],
        )
    return sent


async def send(port: int, sent: ExportTraceServiceRequest) -> None:
    """Give spans to a receiver on this machine, as an exporter does."""
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"http://127.0.0.1:{port}/v1/traces",
            content=sent.SerializeToString(),
            headers={"content-type": "application/x-protobuf"},
        )
        assert answer.status_code == 200, answer.text
