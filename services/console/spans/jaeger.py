"""The source that asks Jaeger's query service, by the JSON API that Jaeger's own pages use."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from services.console.spans.asking import Answer, Backend
from services.console.spans.jaeger_reading import traces_of
from services.console.spans.source import SpansAway
from services.console.spans.values import JOURNEY, Span, TraceSummary, summary_of

DAY_MICROSECONDS = 24 * 3600 * 1_000_000
MAX_SERVICES = 24
MAX_AT_ONCE = 6
"""So many are asked about at the same time: Jaeger gives whole traces, also where only a list is wanted."""
OWN_SERVICES = ("jaeger",)
"""What Jaeger traces of itself."""


@dataclass(frozen=True, slots=True)
class Jaeger:
    """Spans in Jaeger. It searches one service at a time, so a search here is a question for each."""

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
        """Give the spans of a trace by start, or None where Jaeger has it no more."""
        answer = await self.backend.ask(f"/api/traces/{trace_id}")
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise SpansAway(f"{self.name} answered with status {answer.status}")
        return (await asyncio.to_thread(self._read, answer)).get(trace_id)

    async def journey(self, journey_id: str, *, limit: int) -> list[TraceSummary]:
        """Give the traces of a journey, the earliest first."""
        found = await self._search(limit, tags=json.dumps({JOURNEY: journey_id}))
        return sorted(found, key=lambda one: one.start_ns)[:limit]

    async def newest(self, limit: int, *, of_journeys: bool = False) -> list[TraceSummary]:
        """Give the newest traces, the newest first."""
        found = await self._search(limit, of_journeys=of_journeys)
        return sorted(found, key=lambda one: -one.start_ns)[:limit]

    async def linking_to(self, trace_id: str, *, limit: int) -> list[TraceSummary]:  # noqa: ARG002  as all sources
        """Give none: Jaeger cannot be asked for links. The journey's own order leads on instead."""
        return []

    async def _search(self, limit: int, *, of_journeys: bool = False, **wanted: str) -> list[TraceSummary]:
        end = round(self.now() * 1_000_000)
        window: dict[str, str | int] = {"start": end - self.kept_days * DAY_MICROSECONDS, "end": end, "limit": limit}
        turns = asyncio.Semaphore(MAX_AT_ONCE)

        def summed_up(answer: Answer) -> dict[str, TraceSummary]:
            return {
                trace_id: summary_of(spans)
                for trace_id, spans in self._read(answer).items()
                if not of_journeys or any(span.journey_id for span in spans)
            }

        async def of(service: str) -> dict[str, TraceSummary]:
            async with turns:
                answer = await self.backend.ask("/api/traces", {**window, **wanted, "service": service})
                return await asyncio.to_thread(summed_up, answer) if answer.status == HTTPStatus.OK else {}

        services = await self._services()
        found: dict[str, TraceSummary] = {}
        for traces in await asyncio.gather(*(of(service) for service in services)):
            found |= traces
        return list(found.values())

    async def _services(self) -> list[str]:
        names = (await self.backend.ask("/api/services")).json(self.name).get("data")
        known = [one for one in names or [] if isinstance(one, str) and not one.startswith(OWN_SERVICES)]
        return sorted(known)[:MAX_SERVICES]

    def _read(self, answer: Answer) -> dict[str, list[Span]]:
        """Read traces; that may take a second, and is done beside everything else."""
        try:
            return traces_of(answer.json(self.name))
        except (AttributeError, TypeError, ValueError, KeyError):
            raise SpansAway(f"{self.name} gave an answer that cannot be read") from None
