"""The source that reads what is kept here."""

import asyncio
from dataclasses import dataclass

from services.console.spans.store import SpanStore
from services.console.spans.values import Span, TraceSummary, summary_of


@dataclass(frozen=True, slots=True)
class KeptHere:
    """Spans in this process's own memory. Much is summed up beside the event loop: others' pages go on meanwhile."""

    store: SpanStore

    @property
    def name(self) -> str:
        """What it is called."""
        return "kept here"

    async def trace(self, trace_id: str) -> list[Span] | None:
        """Give the spans of a trace by start, or None."""
        return self.store.trace(trace_id) or None

    async def journey(self, journey_id: str, *, limit: int) -> list[TraceSummary]:
        """Give the traces of a journey, the earliest first."""
        return await asyncio.to_thread(lambda: [summary_of(spans) for spans in self.store.journey(journey_id)[:limit]])

    async def newest(self, limit: int, *, of_journeys: bool = False) -> list[TraceSummary]:
        """Give the newest traces, the newest first."""
        return await asyncio.to_thread(
            lambda: [summary_of(spans) for spans in self.store.newest(limit, of_journeys=of_journeys)]
        )

    async def linking_to(self, trace_id: str, *, limit: int) -> list[TraceSummary]:
        """Give the traces that go on from this one, the earliest first."""
        return await asyncio.to_thread(lambda: [summary_of(spans) for spans in self.store.linking_to(trace_id)[:limit]])
