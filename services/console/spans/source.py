"""What the pages ask of whoever has the spans."""

from typing import Protocol

from services.console.spans.values import Span, TraceSummary


class SpansAway(Exception):
    """Whoever has the spans did not answer, or not in a way that can be read. Says what a person may know of it."""


class SpanSource(Protocol):
    """Has spans for some days. Every question is answered within seconds, or raises SpansAway."""

    @property
    def name(self) -> str:
        """What it is called in a sentence: `kept here`, `Jaeger`."""

    async def trace(self, trace_id: str) -> list[Span] | None:
        """Give the spans of a trace by start, or None where it is not there: never seen, not kept, or expired."""

    async def journey(self, journey_id: str, *, limit: int) -> list[TraceSummary]:
        """Give at most `limit` traces with a span of this journey, the earliest first."""

    async def newest(self, limit: int, *, of_journeys: bool = False) -> list[TraceSummary]:
        """Give at most `limit` traces, the newest first; maybe only those with a span of a journey."""

    async def linking_to(self, trace_id: str, *, limit: int) -> list[TraceSummary]:
        """Give at most `limit` traces that go on from this one, as far as is known, the earliest first."""
