"""Ends streams whose callers do not take what is sent: frozen, or too slow for a single piece of news."""

import asyncio

import structlog

from services.aggregator.watching import metrics
from services.aggregator.watching.metrics import WatchMetrics
from services.aggregator.watching.watchers import Watchers

TICK_SECONDS = 1.0

log = structlog.get_logger(__name__)


class StuckStreams:
    """Looks once a second for writes that do not go out.

    grpc waits for a peer that answers pings and reads nothing without end; the stream is cut from the outside.
    """

    def __init__(self, *, watchers: Watchers, most_write_seconds: float, metrics: WatchMetrics) -> None:
        self._watchers = watchers
        self._most_write_seconds = most_write_seconds
        self._metrics = metrics

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.look()

    def look(self) -> None:
        """End what has been stuck for too long."""
        since = asyncio.get_running_loop().time() - self._most_write_seconds
        for watcher in self._watchers:
            if watcher.writing_since is not None and watcher.writing_since < since and watcher.task is not None:
                log.info("watcher_stuck", channel_id=watcher.call.caller.channel_id)
                self._watchers.remove(watcher)
                self._metrics.ended.labels(metrics.STUCK).inc()
                watcher.task.cancel()
