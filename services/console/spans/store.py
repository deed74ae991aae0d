"""The newest traces, in memory and bounded: when it is full, the trace that was begun first is forgotten whole."""

import threading
from collections.abc import Iterable

from services.console.spans.values import Span

MAX_SPANS = 50_000
MAX_BYTES = 64 * 1024 * 1024
MAX_SPANS_OF_A_TRACE = 10_000
"""Of a longer trace, what came first is kept: one that never ends must not push out all others."""


class SpanStore:
    """Safe to use from several threads."""

    def __init__(self, *, max_spans: int = MAX_SPANS, max_bytes: int = MAX_BYTES) -> None:
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._traces: dict[str, dict[str, Span]] = {}
        self._of_journey: dict[str, dict[str, None]] = {}
        self._linking_to: dict[str, dict[str, None]] = {}
        self._spans = 0
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, spans: Iterable[Span]) -> None:
        """Keep the spans; one that comes twice (an exporter's retry) is kept once."""
        with self._lock:
            for span in spans:
                known = self._traces.setdefault(span.trace_id, {})
                if span.span_id in known or len(known) >= MAX_SPANS_OF_A_TRACE:
                    continue
                known[span.span_id] = span
                self._spans += 1
                self._bytes += span.size_bytes
                if span.journey_id:
                    self._of_journey.setdefault(span.journey_id, {})[span.trace_id] = None
                for linked in span.linked_trace_ids:
                    self._linking_to.setdefault(linked, {})[span.trace_id] = None
            while self._spans > self._max_spans or self._bytes > self._max_bytes:
                self._forget_the_oldest()

    def _forget_the_oldest(self) -> None:
        oldest = next(iter(self._traces))
        gone = self._traces.pop(oldest).values()
        self._spans -= len(gone)
        self._bytes -= sum(span.size_bytes for span in gone)
        for span in gone:
            _drop(self._of_journey, span.journey_id, oldest)
            for linked in span.linked_trace_ids:
                _drop(self._linking_to, linked, oldest)

    def trace(self, trace_id: str) -> list[Span]:
        """Give a trace's spans by start; none where it is unknown or forgotten."""
        with self._lock:
            spans = list(self._traces.get(trace_id, {}).values())
        return sorted(spans, key=lambda span: span.start_ns)

    def journey(self, journey_id: str) -> list[list[Span]]:
        """Give the traces with a span of this journey, each by start, the earliest trace first."""
        return self._all_of(self._of_journey, journey_id)

    def linking_to(self, trace_id: str) -> list[list[Span]]:
        """Give the other traces that go on from this one, each by start, the earliest trace first."""
        return [spans for spans in self._all_of(self._linking_to, trace_id) if spans[0].trace_id != trace_id]

    def newest(self, limit: int) -> list[list[Span]]:
        """Give at most `limit` traces, the newest first."""
        with self._lock:
            found = [list(self._traces[trace_id].values()) for trace_id in list(self._traces)[-limit:]]
        return _by_start(found)[::-1]

    def _all_of(self, index: dict[str, dict[str, None]], key: str) -> list[list[Span]]:
        with self._lock:
            found = [list(self._traces[trace_id].values()) for trace_id in index.get(key, ())]
        return _by_start(found)


def _drop(index: dict[str, dict[str, None]], key: str, trace_id: str) -> None:
    if key in index:
        index[key].pop(trace_id, None)
        if not index[key]:
            del index[key]


def _by_start(traces: list[list[Span]]) -> list[list[Span]]:
    for spans in traces:
        spans.sort(key=lambda span: span.start_ns)
    return sorted(traces, key=lambda spans: spans[0].start_ns)
