"""The HTTP door: `POST /v1/traces` takes OTLP; the rest is for reading, as JSON under `/api/` and as pages."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from deploy.local.traces.page import journey_page, missing_page, newest_page, trace_page
from deploy.local.traces.spans import Span, spans_of
from deploy.local.traces.store import SpanStore

MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_UNPACKED_BYTES = 32 * 1024 * 1024
MAX_LISTED_TRACES = 100
IDLE_TIMEOUT_SECONDS = 60
PROTOBUF = "application/x-protobuf"
HTML = "text/html; charset=utf-8"
JSON = "application/json"


class Refused(Exception):
    """A request that gets nothing but its status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class TraceServer(ThreadingHTTPServer):
    """The server; the caller runs `serve_forever`."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], store: SpanStore) -> None:
        super().__init__(address, _Handler)
        self.store = store


class _Handler(BaseHTTPRequestHandler):
    server: TraceServer
    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT_SECONDS

    def do_POST(self) -> None:
        try:
            if self.path != "/v1/traces":
                raise Refused(HTTPStatus.NOT_FOUND)
            self.server.store.add(spans_of(_export(self._body(), self.headers.get("Content-Type", ""))))
        except Refused as refused:
            self.close_connection = True  # its body may not have been read
            self._answer(refused.status, PROTOBUF, b"")
        else:
            self._answer(HTTPStatus.OK, PROTOBUF, ExportTraceServiceResponse().SerializeToString())

    def do_GET(self) -> None:
        status, content_type, text = show(self.path.partition("?")[0], self.server.store)
        self._answer(status, content_type, text.encode())

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            raise Refused(HTTPStatus.LENGTH_REQUIRED)
        if int(length) > MAX_BODY_BYTES:
            raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return unpacked(self.rfile.read(int(length)), self.headers.get("Content-Encoding", ""))

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401  as the standard library has it
        """Say nothing: a line per export would fill the log."""


def show(path: str, store: SpanStore) -> tuple[HTTPStatus, str, str]:
    """Give what is to be read at a path."""
    match path.strip("/").split("/"):
        case [""]:
            return HTTPStatus.OK, HTML, newest_page(store.newest(MAX_LISTED_TRACES))
        case ["traces", trace_id] if spans := store.trace(trace_id):
            return HTTPStatus.OK, HTML, trace_page(trace_id, spans)
        case ["journeys", journey_id] if traces := store.journey(journey_id):
            return HTTPStatus.OK, HTML, journey_page(journey_id, traces)
        case ["api", "traces", trace_id]:
            return HTTPStatus.OK, JSON, json.dumps({"trace_id": trace_id, "spans": _plain(store.trace(trace_id))})
        case ["api", "journeys", journey_id]:
            listed = [{"trace_id": spans[0].trace_id, "spans": _plain(spans)} for spans in store.journey(journey_id)]
            return HTTPStatus.OK, JSON, json.dumps({"journey_id": journey_id, "traces": listed})
        case _:
            return HTTPStatus.NOT_FOUND, HTML, missing_page(path)


def _plain(spans: Sequence[Span]) -> list[dict[str, object]]:
    return [asdict(span) for span in spans]


def unpacked(body: bytes, encoding: str) -> bytes:
    """Undo the content encoding, never beyond `MAX_UNPACKED_BYTES`."""
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # finds out by itself which of the two it is
    try:
        plain = unpacker.decompress(body, MAX_UNPACKED_BYTES)
    except zlib.error as error:
        raise Refused(HTTPStatus.BAD_REQUEST) from error
    if not unpacker.eof:
        raise Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return plain


def _export(body: bytes, content_type: str) -> ExportTraceServiceRequest:
    if content_type.partition(";")[0].strip() != PROTOBUF:
        raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        return ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise Refused(HTTPStatus.BAD_REQUEST) from error
