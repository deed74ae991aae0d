"""What an ordinary OpenTelemetry program sends can be read back as JSON and as pages."""

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
from deploy.local.traces.http import MAX_UNPACKED_BYTES
from deploy.local.traces.receiver import TraceReceiver


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[TraceReceiver]:
    async with TraceReceiver(data_dir=tmp_path, port=free_port()) as running:
        yield running


def program(receiver: TraceReceiver, compression: Compression) -> TracerProvider:
    provider = TracerProvider(resource=Resource({"service.name": "web-shop"}))
    exporter = OTLPSpanExporter(endpoint=f"{receiver.address}/v1/traces", compression=compression)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


def tell_a_story(provider: TracerProvider) -> str:
    """Export one trace of three spans, linked to an earlier one; give its id."""
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("yesterday") as yesterday:
        pass
    link = Link(yesterday.get_span_context())
    with tracer.start_as_current_span("log in", links=[link], attributes={"journey.id": "jrn_1"}) as top:
        with tracer.start_as_current_span("AddItem", kind=SpanKind.CLIENT, attributes={"sku": "<b>purse</b>"}):
            pass
        with tracer.start_as_current_span("Checkout", kind=SpanKind.CLIENT) as failing:
            failing.set_status(Status(StatusCode.ERROR, "CART_EMPTY"))
        return format_trace_id(top.get_span_context().trace_id)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own http address
        return str(answer.read().decode())


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310  as above
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310  as above
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip, Compression.Deflate])
async def test_a_trace_is_read_back_as_it_was_sent(receiver: TraceReceiver, compression: Compression) -> None:
    provider = program(receiver, compression)
    trace_id = await asyncio.to_thread(tell_a_story, provider)
    provider.shutdown()
    first, second, third = await receiver.trace(trace_id)
    assert (first.name, first.service, first.parent_span_id, first.journey_id) == ("log in", "web-shop", "", "jrn_1")
    assert (second.name, second.kind, second.parent_span_id) == ("AddItem", "client", first.span_id)
    assert second.attributes["sku"] == "<b>purse</b>"
    assert third.error == "CART_EMPTY"
    assert len(first.linked_trace_ids) == 1
    assert [[span.name for span in trace] for trace in await receiver.journey("jrn_1")] == [
        ["log in", "AddItem", "Checkout"]
    ]


async def test_the_page_of_a_trace_shows_all_of_it_and_trusts_nothing_in_it(receiver: TraceReceiver) -> None:
    provider = program(receiver, Compression.NoCompression)
    trace_id = await asyncio.to_thread(tell_a_story, provider)
    provider.shutdown()
    page = await asyncio.to_thread(get, f"{receiver.address}/traces/{trace_id}")
    assert page.index("log in") < page.index("AddItem") < page.index("Checkout")
    assert "&lt;b&gt;purse&lt;/b&gt;" in page
    assert "<b>purse" not in page
    assert "/journeys/jrn_1" in page
    assert "yesterday" not in page
    (earlier,) = (await receiver.trace(trace_id))[0].linked_trace_ids
    assert f"/traces/{earlier}" in page
    assert trace_id in await asyncio.to_thread(get, f"{receiver.address}/journeys/jrn_1")
    assert trace_id in await asyncio.to_thread(get, f"{receiver.address}/")


async def test_what_nobody_sent_is_not_there(receiver: TraceReceiver) -> None:
    assert await receiver.trace("0" * 32) == []
    assert await receiver.journey("jrn_unknown") == []
    with pytest.raises(urllib.error.HTTPError) as missing:
        await asyncio.to_thread(get, f"{receiver.address}/traces/{'0' * 32}")
    with missing.value:
        assert missing.value.code == HTTPStatus.NOT_FOUND


BOMB = gzip.compress(bytes(MAX_UNPACKED_BYTES + 1))


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/traces", b"\xff\xff", {"Content-Type": "application/x-protobuf"}, HTTPStatus.BAD_REQUEST),
        ("/v1/traces", b"{}", {"Content-Type": "application/json"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("/v1/traces", b"zz", {"Content-Encoding": "br"}, HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
        ("/v1/traces", b"zz", {"Content-Encoding": "gzip"}, HTTPStatus.BAD_REQUEST),
        ("/v1/traces", BOMB, {"Content-Encoding": "gzip"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
        ("/v1/metrics", b"", {"Content-Type": "application/x-protobuf"}, HTTPStatus.NOT_FOUND),
    ],
)
async def test_what_is_no_trace_is_refused_and_the_next_one_is_taken(
    receiver: TraceReceiver, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert await asyncio.to_thread(post, f"{receiver.address}{path}", body, headers) == status
    url, good = f"{receiver.address}/v1/traces", {"Content-Type": "application/x-protobuf"}
    assert await asyncio.to_thread(post, url, b"", good) == HTTPStatus.OK
