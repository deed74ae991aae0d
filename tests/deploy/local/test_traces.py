"""What an ordinary OpenTelemetry program sends is taken, can be read back, and is in the file."""

import asyncio
import gzip
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode, format_trace_id

from deploy.local.ports import free_port
from deploy.local.traces import TraceReceiver
from services.console.spans.reading import spans_of
from services.console.spans.taking import MAX_UNPACKED_BYTES, from_json

PROTOBUF = {"Content-Type": "application/x-protobuf"}
BOMB = gzip.compress(bytes(MAX_UNPACKED_BYTES + 1))


@pytest.fixture(scope="module")
async def receiver(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TraceReceiver]:
    async with TraceReceiver(data_dir=Path(tmp_path_factory.mktemp("traces")), port=free_port()) as running:
        yield running


def tell_a_story(receiver: TraceReceiver, compression: Compression) -> str:
    """Export one trace of three spans, linked to an earlier one; give its id."""
    provider = TracerProvider(resource=Resource({"service.name": "web-shop"}))
    exporter = OTLPSpanExporter(endpoint=f"{receiver.address}/v1/traces", compression=compression)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("yesterday") as yesterday:
        pass
    link = Link(yesterday.get_span_context())
    journey = {"journey.id": f"jrn_{compression.value}"}
    with tracer.start_as_current_span("log in", links=[link], attributes=journey) as top:
        with tracer.start_as_current_span("AddItem", kind=SpanKind.CLIENT, attributes={"sku": "<b>purse</b>"}):
            pass
        with tracer.start_as_current_span("Checkout", kind=SpanKind.CLIENT) as failing:
            failing.set_status(Status(StatusCode.ERROR, "CART_EMPTY"))
    provider.shutdown()
    return format_trace_id(top.get_span_context().trace_id)


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  our own http address
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  as above
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
async def test_a_trace_is_read_back_as_it_was_sent(receiver: TraceReceiver, compression: Compression) -> None:
    trace_id = await asyncio.to_thread(tell_a_story, receiver, compression)
    first, second, third = await receiver.trace(trace_id)
    journey_id = f"jrn_{compression.value}"
    assert (first.name, first.service, first.parent_span_id, first.journey_id) == ("log in", "web-shop", "", journey_id)
    assert (second.name, second.kind, second.parent_span_id) == ("AddItem", "client", first.span_id)
    assert second.attributes["sku"] == "<b>purse</b>"
    assert third.error == "CART_EMPTY"
    assert len(first.linked_trace_ids) == 1
    (trace,) = await receiver.journey(journey_id)
    assert [span.name for span in trace] == ["log in", "AddItem", "Checkout"]
    written = [span for line in receiver.file.read_bytes().splitlines() for span in spans_of(from_json(line))]
    assert {"log in", "AddItem", "Checkout"} == {span.name for span in written if span.trace_id == trace_id}


async def test_what_nobody_sent_is_not_there(receiver: TraceReceiver) -> None:
    assert await receiver.trace("0" * 32) == []
    assert await receiver.journey("jrn_unknown") == []


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/traces", b"\xff\xff", PROTOBUF, HTTPStatus.BAD_REQUEST),
        ("/v1/traces", b"{}", {"Content-Type": "application/json"}, HTTPStatus.OK),
        ("/v1/traces", b"{}", {"Content-Type": "text/plain"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("/v1/traces", BOMB, {**PROTOBUF, "Content-Encoding": "gzip"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ("/v1/metrics", b"", PROTOBUF, HTTPStatus.NOT_FOUND),
    ],
)
async def test_what_is_no_trace_is_refused_and_the_next_one_is_taken(
    receiver: TraceReceiver, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert await asyncio.to_thread(post, f"{receiver.address}{path}", body, headers) == status
    assert await asyncio.to_thread(post, f"{receiver.address}/v1/traces", b"", PROTOBUF) == HTTPStatus.OK
