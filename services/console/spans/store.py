"""The newest traces, in memory and bounded: they are forgotten whole, the one that was begun first at first.

Most traces are of no journey: services that compare notes every few seconds. They may take a fifth of the room, so that
they do not push out what somebody wants to look at.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.console.spans.values import Span

MAX_SPANS = 50_000
MAX_BYTES = 64 * 1024 * 1024
MAX_SPANS_OF_A_TRACE = 10_000
"""Of a longer trace, what came first is kept: one that never ends must not push out all others."""
SHARE_OF_OTHERS = 0.2
"""How much of the room traces of no journey may take."""


@dataclass(slots=True)
class _Kept:
    spans: dict[str, Span] = field(default_factory=dict)
    size_bytes: int = 0


class _Room:
    """Traces in the order in which they were begun, and how much they take."""

    def __init__(self) -> None:
        self.traces: dict[str, _Kept] = {}
        self.spans = 0
        self.size_bytes = 0

    def add(self, trace_id: str, kept: _Kept) -> None:
        self.traces[trace_id] = kept
        self.spans += len(kept.spans)
        self.size_bytes += kept.size_bytes

    def take(self, trace_id: str) -> _Kept:
        kept = self.traces.pop(trace_id)
        self.spans -= len(kept.spans)
        self.size_bytes -= kept.size_bytes
        return kept


class SpanStore:
    """Safe to use from several threads."""

    def __init__(self, *, max_spans: int = MAX_SPANS, max_bytes: int = MAX_BYTES) -> None:
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._journeys = _Room()
        self._others = _Room()
        self._of_journey: dict[str, dict[str, None]] = {}
        self._linking_to: dict[str, dict[str, None]] = {}
        self._lock = threading.Lock()

    def add(self, spans: Iterable[Span]) -> None:
        """Keep the spans; one that comes twice (an exporter's retry) is kept once."""
        with self._lock:
            for span in spans:
                self._add(span)
            while self._is_full():
                self._forget_one()

    def _add(self, span: Span) -> None:
        trace_id = span.trace_id
        room = self._journeys if trace_id in self._journeys.traces else self._others
        kept = room.traces.get(trace_id)
        if kept is not None and (span.span_id in kept.spans or len(kept.spans) >= MAX_SPANS_OF_A_TRACE):
            return
        # With its first span of a journey a trace moves to the journeys' room.
        if kept is None or (span.journey_id and room is self._others):
            kept = _Kept() if kept is None else room.take(trace_id)
            room = self._journeys if span.journey_id else self._others
            room.add(trace_id, kept)
        kept.spans[span.span_id] = span
        kept.size_bytes += span.size_bytes
        room.spans += 1
        room.size_bytes += span.size_bytes
        if span.journey_id:
            self._of_journey.setdefault(span.journey_id, {})[trace_id] = None
        for linked in span.linked_trace_ids:
            self._linking_to.setdefault(linked, {})[trace_id] = None

    def _is_full(self) -> bool:
        return (
            self._journeys.spans + self._others.spans > self._max_spans
            or self._journeys.size_bytes + self._others.size_bytes > self._max_bytes
        )

    def _forget_one(self) -> None:
        too_many_others = (
            self._others.spans > self._max_spans * SHARE_OF_OTHERS
            or self._others.size_bytes > self._max_bytes * SHARE_OF_OTHERS
        )
        room = self._others if too_many_others or not self._journeys.traces else self._journeys
        oldest = next(iter(room.traces))
        for span in room.take(oldest).spans.values():
            _drop(self._of_journey, span.journey_id, oldest)
            for linked in span.linked_trace_ids:
                _drop(self._linking_to, linked, oldest)

    def trace(self, trace_id: str) -> list[Span]:
        """Give a trace's spans by start; none where it is unknown or forgotten."""
        with self._lock:
            return _by_start(self._spans_of(trace_id))

    def journey(self, journey_id: str) -> list[list[Span]]:
        """Give the traces with a span of this journey, each by start, the earliest trace first."""
        return self._all_of(self._of_journey, journey_id)

    def linking_to(self, trace_id: str) -> list[list[Span]]:
        """Give the other traces that go on from this one, each by start, the earliest trace first."""
        return [spans for spans in self._all_of(self._linking_to, trace_id) if spans[0].trace_id != trace_id]

    def newest(self, limit: int, *, of_journeys: bool = False) -> list[list[Span]]:
        """Give at most `limit` traces, the newest first; maybe only those with a span of a journey."""
        with self._lock:
            rooms = (self._journeys,) if of_journeys else (self._journeys, self._others)
            found = [self._spans_of(trace_id) for room in rooms for trace_id in list(room.traces)[-limit:]]
        return _in_order(found)[::-1][:limit]

    def _spans_of(self, trace_id: str) -> list[Span]:
        kept = self._journeys.traces.get(trace_id) or self._others.traces.get(trace_id)
        return list(kept.spans.values()) if kept else []

    def _all_of(self, index: dict[str, dict[str, None]], key: str) -> list[list[Span]]:
        with self._lock:
            found = [self._spans_of(trace_id) for trace_id in index.get(key, ())]
        return _in_order(found)


def _drop(index: dict[str, dict[str, None]], key: str, trace_id: str) -> None:
    if key in index:
        index[key].pop(trace_id, None)
        if not index[key]:
            del index[key]


def _by_start(spans: list[Span]) -> list[Span]:
    return sorted(spans, key=lambda span: span.start_ns)


def _in_order(traces: list[list[Span]]) -> list[list[Span]]:
    return sorted(map(_by_start, traces), key=lambda spans: spans[0].start_ns)
