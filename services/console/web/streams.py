"""Pages that are kept up to date: event streams (`text/event-stream`), counted, and ended when the console stops."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass

import structlog
from prometheus_client import CollectorRegistry, Gauge
from starlette.responses import StreamingResponse

from libs.web.refusals import Refused

EVENT_STREAM = "text/event-stream"
AT_ONCE = {"x-accel-buffering": "no"}
"""So that proxies pass on each event when it comes."""
RETRY_MILLISECONDS = 1000
"""After which time a browser asks again."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event for the page."""

    name: str
    data: object = None
    """Anything that is JSON."""

    def encoded(self) -> bytes:
        """Write it for the wire. JSON has no line breaks of its own."""
        return f"event: {self.name}\ndata: {json.dumps(self.data)}\n\n".encode()


class LiveStreams:
    """Answers with event streams: so many for each agent, so many in all."""

    def __init__(self, *, most: int, most_per_agent: int, registry: CollectorRegistry) -> None:
        self._most = most
        self._most_per_agent = most_per_agent
        self._open: Counter[str] = Counter()
        self._stopping = asyncio.Event()
        self._gauge = Gauge("omnithread_console_live_pages", "Pages that are kept up to date.", registry=registry)

    def answer(self, agent_id: str, events: AsyncGenerator[Event, None]) -> StreamingResponse:
        """Send these events for as long as they come, the browser listens, and the console runs.

        Raises TOO_MANY_LIVE.
        """
        self.check_room(agent_id)
        return StreamingResponse(self._sent(agent_id, events), media_type=EVENT_STREAM, headers=AT_ONCE)

    def check_room(self, agent_id: str) -> None:
        """Raise TOO_MANY_LIVE where an agent may open no more."""
        if self._open[agent_id] >= self._most_per_agent or self._open.total() >= self._most:
            raise Refused(429, "TOO_MANY_LIVE", {"retry-after": "10"})

    def stop(self) -> None:
        """End all of them: browsers ask again, of whoever runs then."""
        self._stopping.set()

    async def _sent(self, agent_id: str, events: AsyncGenerator[Event, None]) -> AsyncIterator[bytes]:
        log = structlog.get_logger(__name__)
        with self._counted(agent_id):
            yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
            try:
                async with aclosing(until(self._stopping, events)) as coming:
                    async for event in coming:
                        yield event.encoded()
            except Exception:  # the browser asks again; what is wrong is told here, without its values
                log.exception("live_page_failed")

    @contextmanager
    def _counted(self, agent_id: str) -> Iterator[None]:
        self._open[agent_id] += 1
        self._gauge.inc()
        try:
            yield
        finally:
            self._gauge.dec()
            self._open[agent_id] -= 1
            if not self._open[agent_id]:
                del self._open[agent_id]


async def until(stopping: asyncio.Event, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
    """Give the events until told to stop, also while none comes; the source is always closed."""
    stop = asyncio.ensure_future(stopping.wait())
    following: asyncio.Future[Event] | None = None
    try:
        while not stopping.is_set():
            following = asyncio.ensure_future(anext(events))
            await asyncio.wait({stop, following}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                return
            try:
                yield following.result()
            except StopAsyncIteration:
                return
    finally:
        stop.cancel()
        if following is not None and not following.done():
            following.cancel()
            with suppress(asyncio.CancelledError, StopAsyncIteration):
                await following
        await events.aclose()
