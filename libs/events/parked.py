"""Trying again what is parked, when its time has come."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import structlog

from libs.clock import Clock
from libs.events.follower import Follower
from libs.events.streams import OwnerAway, Stream
from libs.mongo.cursors import Cursor, Cursors

LOOK_SECONDS = 1.0
MOST_AT_ONCE = 50
CLAIMED_FOR = timedelta(minutes=1)

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
        every_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._streams = streams
        self._cursors = cursors
        self._follower = follower
        self._slots = slots
        self._clock = clock
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Try again until cancelled. No failure ends it."""
        while True:
            try:
                due = await self._cursors.due(now=self._clock(), limit=MOST_AT_ONCE)
                async with asyncio.TaskGroup() as tasks:
                    for cursor in due:
                        if cursor.area in self._streams:
                            tasks.create_task(self._try_again(cursor))
            except Exception as error:  # our own database is away
                log.warning("retries_failed", exc_info=error)
            await asyncio.sleep(self._every_seconds)

    async def _try_again(self, cursor: Cursor) -> None:
        async with self._slots:
            if not await self._cursors.claim_retry(cursor, until=self._clock() + CLAIMED_FOR):
                return
            with suppress(OwnerAway):  # it is parked again
                await self._follower.follow_up(self._streams[cursor.area], cursor.customer_id)
