"""OTLP over HTTP: `POST /v1/traces` takes spans. For tests and demos, what was taken can be read back as JSON."""

import asyncio
from http import HTTPStatus

import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from prometheus_client import CollectorRegistry, Counter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from libs.web.bodies import read_body
from libs.web.refusals import Refused as BodyRefused
from services.console.spans.file import SpanFile
from services.console.spans.plain import plain_of
from services.console.spans.reading import spans_of
from services.console.spans.store import SpanStore
from services.console.spans.taking import JSON, MAX_BODY_BYTES, PROTOBUF, Refused, export_of

BODY_SECONDS = 10.0
MAX_AT_ONCE = 8
"""So many exports are read at the same time; others wait for their turn."""
MAX_KEPT_AT_ONCE = 2
"""And so many are unpacked and kept: pages are drawn by the same few threads."""
MAX_ADDED_AT_ONCE = 500
"""Of a large export so many spans are put into the store at a time: pages wait for no more."""


class Receiver:
    """The ASGI application."""

    def __init__(
        self, store: SpanStore, *, registry: CollectorRegistry, file: SpanFile | None = None, readable: bool = False
    ) -> None:
        """`readable`: whoever reaches it may also read; for a machine of one's own."""
        self._store = store
        self._file = file
        self._file_fails = False
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._keeping = asyncio.Semaphore(MAX_KEPT_AT_ONCE)
        self._taken = Counter(
            "omnithread_console_spans_taken", "Spans that were taken over OTLP/HTTP.", registry=registry
        )
        self._refused = Counter(
            "omnithread_console_spans_refused", "Exports that were refused, by status.", ["status"], registry=registry
        )
        routes = [Route("/v1/traces", self._take, methods=["POST"])]
        if readable:
            routes.append(Route("/api/traces/{trace_id}", self._trace, methods=["GET"]))
            routes.append(Route("/api/journeys/{journey_id}", self._journey, methods=["GET"]))
        self._router = Router(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            await self._router(scope, receive, send)

    async def _take(self, request: Request) -> Response:
        content_type = request.headers.get("content-type", "")
        try:
            async with self._turns:
                body = await read_body(request, most_bytes=MAX_BODY_BYTES, within_seconds=BODY_SECONDS)
                encoding = request.headers.get("content-encoding", "")
                async with self._keeping:
                    count = await asyncio.to_thread(self._keep, body, content_type, encoding)
        except (Refused, BodyRefused) as refused:
            status = int(refused.status)
            self._refused.labels(str(status)).inc()
            return Response(status_code=status, headers={"connection": "close"})
        self._taken.inc(count)
        if content_type.startswith(JSON):
            return JSONResponse({})
        return Response(ExportTraceServiceResponse().SerializeToString(), HTTPStatus.OK, media_type=PROTOBUF)

    def _keep(self, body: bytes, content_type: str, encoding: str) -> int:
        export = export_of(body, content_type=content_type, encoding=encoding)
        spans = list(spans_of(export))
        for at in range(0, len(spans), MAX_ADDED_AT_ONCE):
            self._store.add(spans[at : at + MAX_ADDED_AT_ONCE])
        if self._file is not None and spans:
            try:
                self._file.write(export)
            except OSError as error:
                # A full disk is no reason to lose what is in memory; it is said once, and again after it went well.
                if not self._file_fails:
                    structlog.get_logger(__name__).warning("spans_not_written", problem=type(error).__name__)
                self._file_fails = True
            else:
                self._file_fails = False
        return len(spans)

    async def _trace(self, request: Request) -> Response:
        trace_id = request.path_params["trace_id"]
        return JSONResponse({"trace_id": trace_id, "spans": [plain_of(one) for one in self._store.trace(trace_id)]})

    async def _journey(self, request: Request) -> Response:
        journey_id = request.path_params["journey_id"]
        traces = [
            {"trace_id": spans[0].trace_id, "spans": [plain_of(one) for one in spans]}
            for spans in self._store.journey(journey_id)
        ]
        return JSONResponse({"journey_id": journey_id, "traces": traces})
