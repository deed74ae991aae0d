"""Trying again what is parked, when its time has come."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import structlog

from libs.clock import Clock
from libs.events.follower import Follower
from libs.events.metrics import StreamMetrics
from libs.events.renewing import renewed
from libs.events.streams import OwnerAway, Stream
from libs.mongo.cursors import Cursor, Cursors

LOOK_SECONDS = 1.0
MOST_AT_ONCE = 50
COUNT_EVERY_SECONDS = 10.0
MOST_COUNTED = 10_000
CLAIMED_FOR = timedelta(seconds=6)
"""Renewed while it is tried: so long nobody else tries, where the process is killed meanwhile."""

log = structlog.get_logger(__name__)


class ParkedRetries:
    """Follows parked streams up with their owners; whichever replica comes first takes one."""

    def __init__(
        self,
        *,
        streams: Mapping[str, Stream],
        cursors: Cursors,
        follower: Follower,
        slots: asyncio.Semaphore,
        clock: Clock,
        metrics: Mapping[str, StreamMetrics],
        every_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._streams = streams
        self._cursors = cursors
        self._follower = follower
        self._slots = slots
        self._clock = clock
        self._metrics = metrics
        self._count_at = 0.0
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Try again until cancelled. No failure ends it."""
        while True:
            try:
                await self._count()
                due = await self._cursors.due(now=self._clock(), limit=MOST_AT_ONCE)
                async with asyncio.TaskGroup() as tasks:
                    for cursor in due:
                        if cursor.area in self._streams:
                            tasks.create_task(self._try_again(cursor))
            except ExceptionGroup as errors:  # our own database is away
                log.warning("retries_failed", exc_info=errors.exceptions[0])
            except Exception as error:  # as above
                log.warning("retries_failed", exc_info=error)
            await asyncio.sleep(self._every_seconds)

    async def _count(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._count_at:
            return
        self._count_at = now + COUNT_EVERY_SECONDS
        parked = await self._cursors.count_parked(limit=MOST_COUNTED)
        for area, metrics in self._metrics.items():
            metrics.parked.set(parked.get(area, 0))

    async def _try_again(self, cursor: Cursor) -> None:
        async with self._slots:
            claimed = _Claimed(self._cursors, cursor, self._clock)
            if not await claimed.renew():
                return
            async with renewed(claimed.renew, every_seconds=CLAIMED_FOR.total_seconds() / 3):
                with suppress(OwnerAway):  # it is parked again
                    await self._follower.follow_up(self._streams[cursor.area], cursor.customer_id)


class _Claimed:
    """A stream that only this replica tries again, until it says nothing for a while or the stream has moved on."""

    def __init__(self, cursors: Cursors, cursor: Cursor, clock: Clock) -> None:
        self._cursors = cursors
        self._cursor = cursor
        self._clock = clock

    async def renew(self) -> bool:
        until = self._clock() + CLAIMED_FOR
        if not await self._cursors.claim_retry(self._cursor, until=until):
            return False
        self._cursor = replace(self._cursor, retry_time=until)
        return True
