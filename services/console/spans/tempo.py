"""The source that asks Grafana Tempo: a trace by its id, traces by TraceQL."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.console.spans.asking import Answer, Backend
from services.console.spans.reading import spans_of
from services.console.spans.source import SpansAway
from services.console.spans.taking import from_json
from services.console.spans.values import Span, TraceSummary

PROTOBUF = "application/protobuf"
TRACE_ID = re.compile(r"[0-9a-fA-F]{1,32}")
DAY_SECONDS = 24 * 3600
A_MILLISECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Tempo:
    """Spans in Tempo."""

    backend: Backend
    now: Callable[[], float]
    """Seconds since 1970."""
    kept_days: int
    """How far back is searched."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.backend.name

    async def trace(self, trace_id: str) -> list[Span] | None:
        """Give the spans of a trace by start, or None where Tempo has it no more."""
        answer = await self.backend.ask(f"/api/traces/{trace_id}", accept=PROTOBUF)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        # Reading it may take a second, and pages of others are kept up to date meanwhile.
        found = await asyncio.to_thread(lambda: [*spans_of(self._export(answer))])
        return sorted((one for one in found if one.trace_id == trace_id), key=lambda span: span.start_ns) or None

    async def journey(self, journey_id: str, *, limit: int) -> list[TraceSummary]:
        """Give the traces of a journey, the earliest first."""
        return await self._search(f'{{ .journey.id = "{_quoted(journey_id)}" }}', limit=limit)

    async def newest(self, limit: int, *, of_journeys: bool = False) -> list[TraceSummary]:
        """Give the newest traces, the newest first."""
        query = "{ .journey.id != nil }" if of_journeys else "{}"
        return (await self._search(query, limit=limit))[::-1]

    async def linking_to(self, trace_id: str, *, limit: int) -> list[TraceSummary]:
        """Give the traces that go on from this one; none of a Tempo that is too old to be asked for links."""
        return await self._search(f'{{ link:traceID = "{_quoted(trace_id)}" }}', limit=limit)

    async def _search(self, query: str, *, limit: int) -> list[TraceSummary]:
        end = round(self.now())
        answer = await self.backend.ask(
            "/api/search", {"q": query, "limit": limit, "start": end - self.kept_days * DAY_SECONDS, "end": end}
        )
        if answer.status != HTTPStatus.OK:
            return []
        traces = answer.json(self.name).get("traces") or []
        try:
            found = [_summary(one) for one in traces[:limit]]
        except (AttributeError, TypeError, ValueError, KeyError):
            raise SpansAway(f"{self.name} gave an answer that cannot be read") from None
        return sorted(found, key=lambda one: one.start_ns)

    def _export(self, answer: Answer) -> ExportTraceServiceRequest:
        """Read a trace: Tempo's own message has its resources where an export has them, in either encoding."""
        try:
            if answer.status != HTTPStatus.OK:
                raise ValueError("refused")
            if answer.kind != "application/json":
                return ExportTraceServiceRequest.FromString(answer.body)
            return from_json(answer.body.replace(b'"batches"', b'"resourceSpans"', 1))
        except (DecodeError, ValueError):
            raise SpansAway(f"{self.name} gave an answer that cannot be read") from None


def _summary(found: Any) -> TraceSummary:  # noqa: ANN401  JSON
    trace_id = str(found["traceID"])
    if not TRACE_ID.fullmatch(trace_id):
        raise ValueError("not a trace id")
    return TraceSummary(
        trace_id=trace_id.lower().zfill(32),  # Tempo leaves leading zeros out
        name=str(found.get("rootTraceName", "")),
        service=str(found.get("rootServiceName", "")),
        start_ns=min(max(int(found["startTimeUnixNano"]), 0), 2**64 - 1),
        duration_ns=max(int(found.get("durationMs", 0)), 0) * A_MILLISECOND,
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
