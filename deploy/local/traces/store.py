"""The newest traces, in memory and bounded: when it is full, the trace that was begun first is forgotten whole."""

import threading
from collections.abc import Iterable

from deploy.local.traces.spans import Span

MAX_SPANS = 50_000
MAX_BYTES = 64 * 1024 * 1024


class SpanStore:
    """Safe to use from the threads of the HTTP server."""

    def __init__(self, *, max_spans: int = MAX_SPANS, max_bytes: int = MAX_BYTES) -> None:
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._traces: dict[str, dict[str, Span]] = {}
        self._spans = 0
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, spans: Iterable[Span]) -> None:
        """Keep the spans; one that comes twice (an exporter's retry) is kept once."""
        with self._lock:
            for span in spans:
                known = self._traces.setdefault(span.trace_id, {})
                if span.span_id in known:
                    continue
                known[span.span_id] = span
                self._spans += 1
                self._bytes += span.size_bytes
            while self._spans > self._max_spans or self._bytes > self._max_bytes:
                self._forget_the_oldest()

    def _forget_the_oldest(self) -> None:
        oldest = next(iter(self._traces))
        gone = self._traces.pop(oldest).values()
        self._spans -= len(gone)
        self._bytes -= sum(span.size_bytes for span in gone)

    def trace(self, trace_id: str) -> list[Span]:
        """Give a trace's spans by start; none where it is unknown or forgotten."""
        with self._lock:
            spans = list(self._traces.get(trace_id, {}).values())
        return sorted(spans, key=lambda span: span.start_ns)

    def journey(self, journey_id: str) -> list[list[Span]]:
        """Give the traces with a span of this journey, each by start, the earliest trace first."""
        with self._lock:
            found = [
                list(spans.values())
                for spans in self._traces.values()
                if any(span.journey_id == journey_id for span in spans.values())
            ]
        return _by_start(found)

    def newest(self, limit: int) -> list[list[Span]]:
        """Give at most `limit` traces, the newest first."""
        with self._lock:
            found = [list(self._traces[trace_id].values()) for trace_id in list(self._traces)[-limit:]]
        return _by_start(found)[::-1]


def _by_start(traces: list[list[Span]]) -> list[list[Span]]:
    for spans in traces:
        spans.sort(key=lambda span: span.start_ns)
    return sorted(traces, key=lambda spans: spans[0].start_ns)
