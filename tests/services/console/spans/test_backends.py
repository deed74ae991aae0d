"""Jaeger and Tempo are asked as they document it. Neither can be had here: a small server answers in their shapes."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from services.console.spans.asking import Backend, http_client
from services.console.spans.jaeger import Jaeger
from services.console.spans.source import SpansAway
from services.console.spans.taking import to_json
from services.console.spans.tempo import Tempo
from tests.services.console.spans.samples import export, wire_span

NOW = 1_700_000_100.0
TRACE = "0" * 31 + "1"
Asked = dict[str, str]
Answers = Callable[[str, Asked], tuple[int, str, bytes]]


@asynccontextmanager
async def answering(answers: Answers) -> AsyncIterator[str]:
    """Serve HTTP by a function of path and query; gives the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            target = urlsplit(head.split()[1])
            asked = {name: values[0] for name, values in parse_qs(target.query).items()}
            status, kind, body = answers(target.path, asked)
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n".encode())
            writer.write(b"connection: close\r\n\r\n" + body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def tempo(answers: Answers, *, max_bytes: int = 10_000, answer_seconds: float = 5.0) -> AsyncIterator[Tempo]:
    async with answering(answers) as address, http_client(address) as client:
        backend = Backend(name="Tempo", client=client, max_bytes=max_bytes, answer_seconds=answer_seconds)
        yield Tempo(backend=backend, now=lambda: NOW, kept_days=30)


@asynccontextmanager
async def jaeger(answers: Answers) -> AsyncIterator[Jaeger]:
    async with answering(answers) as address, http_client(address) as client:
        yield Jaeger(backend=Backend(name="Jaeger", client=client), now=lambda: NOW, kept_days=30)


async def test_a_tenant_and_a_login_go_with_each_question_and_are_shown_to_nobody(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("X-Scope-OrgID: shop\n\nAuthorization: Bearer abc\n")
    async with http_client("http://127.0.0.1:9", file) as client:
        assert (client.headers["x-scope-orgid"], client.headers["authorization"]) == ("shop", "Bearer abc")
    file.write_text("a secret without a name")
    with pytest.raises(ValueError, match=r"^spans_headers_file: line 1 is no header$"):
        http_client("http://127.0.0.1:9", file)


def plain(status: int, body: object) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(body).encode()


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
async def test_a_trace_in_tempo_is_read_in_either_encoding(encoding: str) -> None:
    sent = export(wire_span(1, linked=7), wire_span(2))

    def answers(path: str, asked: Asked) -> tuple[int, str, bytes]:
        assert path == f"/api/traces/{TRACE}"
        if encoding == "protobuf":
            return 200, "application/protobuf", sent.SerializeToString()
        return 200, "application/json", to_json(sent).replace("resourceSpans", "batches").encode()

    async with tempo(answers) as source:
        spans = await source.trace(TRACE)
    assert spans is not None
    assert [(one.name, one.service, one.linked_trace_ids) for one in spans] == [
        ("AddItem", "cart", ("0" * 31 + "7",)),
        ("AddItem", "cart", ()),
    ]


async def test_tempo_is_searched_for_a_journey_and_for_links_by_traceql() -> None:
    queries: list[Asked] = []

    def answers(path: str, asked: Asked) -> tuple[int, str, bytes]:
        assert path == "/api/search"
        queries.append(asked)
        found = {"rootServiceName": "web-shop", "rootTraceName": "AddItem", "durationMs": 5}
        late = {**found, "traceID": "2f", "startTimeUnixNano": "1700000000000000009"}
        early = {**found, "traceID": "1f", "startTimeUnixNano": "1700000000000000001"}
        return plain(200, {"traces": [late, early], "metrics": {}})

    async with tempo(answers) as source:
        of_journey = await source.journey('jrn_1" || true', limit=10)
        linking = await source.linking_to(TRACE, limit=10)
        newest = await source.newest(10)
        assert await source.newest(10, of_journeys=True) == newest
    assert [one.trace_id for one in of_journey] == ["1f".zfill(32), "2f".zfill(32)] == [one.trace_id for one in linking]
    assert [one.trace_id for one in newest] == ["2f".zfill(32), "1f".zfill(32)]
    assert [one["q"] for one in queries] == [
        '{ .journey.id = "jrn_1\\" || true" }',
        f'{{ link:traceID = "{TRACE}" }}',
        "{}",
        "{ .journey.id != nil }",
    ]
    assert (queries[0]["end"], queries[0]["start"]) == ("1700000100", str(1_700_000_100 - 30 * 86_400))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (plain(503, {}), "Tempo answered with status 503"),
        ((200, "application/json", b"<html>"), "Tempo gave an answer that cannot be read"),
        ((200, "application/protobuf", b"\xff\xff"), "Tempo gave an answer that cannot be read"),
        ((200, "application/protobuf", bytes(20_000)), "Tempo gave more than can be shown"),
        ((302, "text/html", b""), "Tempo answered with status 302"),
    ],
)
async def test_a_back_end_that_answers_with_nonsense_is_said_to(answer: tuple[int, str, bytes], said: str) -> None:
    async with tempo(lambda *_: answer) as source:
        with pytest.raises(SpansAway, match=said):
            await source.trace(TRACE)


async def test_a_back_end_that_is_silent_or_gone_is_said_to_be() -> None:
    held = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with http_client(address) as client:
        source = Tempo(backend=Backend(name="Tempo", client=client, answer_seconds=0.2), now=lambda: NOW, kept_days=30)
        with pytest.raises(SpansAway, match=r"did not answer within 0\.2 seconds"):
            await source.trace(TRACE)
        held.set()
        server.close()
        await server.wait_closed()
        with pytest.raises(SpansAway, match="cannot be reached"):
            await source.trace(TRACE)


async def test_what_a_back_end_no_longer_has_is_not_there() -> None:
    async with tempo(lambda *_: (404, "text/plain", b"trace not found")) as source:
        assert await source.trace(TRACE) is None
        assert await source.journey("jrn_1", limit=3) == []
    missing = {"data": None, "errors": [{"code": 404, "msg": "trace not found"}]}
    async with jaeger(lambda *_: plain(404, missing)) as source:
        assert await source.trace(TRACE) is None


SERVER = {
    "traceID": "1",
    "spanID": "b",
    "operationName": "omnithread.cart.v1.CartService/AddItem",
    "references": [
        {"refType": "CHILD_OF", "traceID": "1", "spanID": "a"},
        {"refType": "FOLLOWS_FROM", "traceID": "7", "spanID": "9"},
    ],
    "startTime": 1_700_000_000_000_100,
    "duration": 250,
    "tags": [
        {"key": "span.kind", "type": "string", "value": "server"},
        {"key": "error", "type": "bool", "value": True},
        {"key": "otel.status_description", "type": "string", "value": "CART_LOCKED"},
        {"key": "journey.id", "type": "string", "value": "jrn_1"},
    ],
    "logs": [{"timestamp": 1_700_000_000_000_200, "fields": [{"key": "event", "type": "string", "value": "retry"}]}],
    "processID": "p1",
}
CLIENT = {
    "traceID": "1",
    "spanID": "a",
    "operationName": "AddItem",
    "references": [],
    "startTime": 1_700_000_000_000_000,
    "duration": 500,
    "tags": [],
    "logs": [],
    "processID": "p2",
}
STORED = {
    "data": [
        {
            "traceID": "1",
            "spans": [SERVER, CLIENT],
            "processes": {
                "p1": {"serviceName": "cart", "tags": [{"key": "service.version", "type": "string", "value": "1"}]},
                "p2": {"serviceName": "web-shop", "tags": []},
            },
        }
    ]
}


async def test_a_trace_in_jaeger_is_read_with_parents_links_events_and_errors() -> None:
    async with jaeger(lambda *_: plain(200, STORED)) as source:
        spans = await source.trace(TRACE)
    assert spans is not None
    client, server = spans
    assert (client.service, client.parent_span_id, client.kind, client.error) == ("web-shop", "", "internal", "")
    assert (server.service, server.parent_span_id, server.kind) == ("cart", client.span_id, "server")
    assert (server.error, server.duration_ns, server.journey_id) == ("CART_LOCKED", 250_000, "jrn_1")
    assert [link.trace_id for link in server.links] == ["7".zfill(32)]
    assert [event.name for event in server.events] == ["retry"]
    assert server.resource == {"service.version": "1"}


async def test_jaeger_is_searched_service_by_service_and_each_trace_counts_once() -> None:
    asked_of: list[str] = []

    def answers(path: str, asked: Asked) -> tuple[int, str, bytes]:
        if path == "/api/services":
            return plain(200, {"data": ["web-shop", "cart", "jaeger-all-in-one"]})
        assert json.loads(asked["tags"]) == {"journey.id": "jrn_1"}
        asked_of.append(asked["service"])
        return plain(200, STORED)

    async with jaeger(answers) as source:
        (found,) = await source.journey("jrn_1", limit=5)
    assert sorted(asked_of) == ["cart", "web-shop"]
    assert (found.trace_id, found.name, found.service, found.span_count, found.failed) == (
        TRACE,
        "AddItem",
        "web-shop",
        2,
        True,
    )


@pytest.mark.parametrize("stored", [{"data": [7]}, {"data": [{"spans": [{}]}]}, {"data": "x"}, []])
async def test_nonsense_from_jaeger_is_said_to_be(stored: object) -> None:
    async with jaeger(lambda *_: plain(200, stored)) as source:
        with pytest.raises(SpansAway, match="cannot be read"):
            await source.trace(TRACE)
