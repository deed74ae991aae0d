"""Jaeger's JSON -> spans. Times are in microseconds, attributes are tags, a parent is a reference."""

import re
from collections.abc import Iterable
from typing import Any

from services.console.spans.reading import (
    MAX_ATTRIBUTES,
    MAX_EVENTS,
    MAX_KEY_CHARACTERS,
    MAX_LINKS,
    MAX_TEXT_CHARACTERS,
)
from services.console.spans.values import Attributes, Span, SpanEvent, SpanLink

HEX = re.compile(r"[0-9a-fA-F]{1,32}")
KINDS = frozenset({"server", "client", "producer", "consumer", "internal"})
SAID_ELSEWHERE = frozenset(
    {"span.kind", "error", "otel.status_code", "otel.status_description", "internal.span.format"}
)
LATEST_NS = 2**64 - 1


def traces_of(answer: dict[str, Any]) -> dict[str, list[Span]]:
    """Read an answer of `/api/traces`: spans by trace, each by start. Raises ValueError, TypeError, KeyError."""
    found: dict[str, list[Span]] = {}
    for trace in answer.get("data") or []:
        processes = trace.get("processes") or {}
        for span in trace["spans"]:
            read = _span(span, processes.get(span.get("processID"), {}))
            found.setdefault(read.trace_id, []).append(read)
    for spans in found.values():
        spans.sort(key=lambda span: span.start_ns)
    return found


def _span(span: dict[str, Any], process: dict[str, Any]) -> Span:
    trace_id = _id(span["traceID"], 32)
    tags = _tags(span.get("tags"))
    references = span.get("references") or []
    parents = [one for one in references if one["refType"] == "CHILD_OF" and _id(one["traceID"], 32) == trace_id]
    start_ns = _nanoseconds(span["startTime"])
    failed = tags.get("error") in (True, "true") or tags.get("otel.status_code") == "ERROR"
    kind = str(tags.get("span.kind", ""))
    return Span(
        trace_id=trace_id,
        span_id=_id(span["spanID"], 16),
        parent_span_id=_id(parents[0]["spanID"], 16) if parents else "",
        name=str(span["operationName"])[:MAX_TEXT_CHARACTERS],
        service=str(process.get("serviceName", "unknown"))[:MAX_TEXT_CHARACTERS],
        kind=kind if kind in KINDS else "internal",
        start_ns=start_ns,
        end_ns=min(start_ns + _nanoseconds(span["duration"]), LATEST_NS),
        error=str(tags.get("otel.status_description") or "failed") if failed else "",
        attributes={key: value for key, value in tags.items() if key not in SAID_ELSEWHERE},
        links=tuple(
            SpanLink(trace_id=_id(one["traceID"], 32), span_id=_id(one["spanID"], 16))
            for one in references[:MAX_LINKS]
            if one not in parents[:1]
        ),
        events=tuple(_event(one) for one in (span.get("logs") or [])[:MAX_EVENTS]),
        resource=_tags(process.get("tags")),
    )


def _event(log: dict[str, Any]) -> SpanEvent:
    fields = _tags(log.get("fields"))
    name = str(fields.pop("event", "")) or "event"
    return SpanEvent(name=name, time_ns=_nanoseconds(log["timestamp"]), attributes=fields)


def _tags(pairs: Iterable[dict[str, Any]] | None) -> Attributes:
    read: Attributes = {}
    for pair in pairs or ():
        if len(read) == MAX_ATTRIBUTES:
            break
        value = pair.get("value", "")
        plain = value if isinstance(value, bool | int | float) else str(value)[:MAX_TEXT_CHARACTERS]
        read[str(pair["key"])[:MAX_KEY_CHARACTERS]] = plain
    return read


def _id(text: Any, digits: int) -> str:  # noqa: ANN401  JSON
    if not isinstance(text, str) or not HEX.fullmatch(text) or len(text) > digits:
        raise ValueError("not an id")
    return text.lower().zfill(digits)  # Jaeger leaves leading zeros out


def _nanoseconds(microseconds: Any) -> int:  # noqa: ANN401  JSON
    return min(max(int(microseconds), 0) * 1000, LATEST_NS)
