"""Comparing this service's cursors with an owner's heads, so that nothing is missing that Kafka never brought."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from libs.clock import Clock
from libs.events.follower import Follower
from libs.events.metrics import StreamMetrics
from libs.events.renewing import renewed
from libs.events.streams import HeadsPage, OwnerAway, Stream
from libs.mongo.cursors import Cursors, SweepPlace
from libs.mongo.shapes import LONG_AGO

SWEEP_SECONDS = 3.0
STAND_BACK = 3.0
"""So many times longer a replica waits that failed: it may be the only one that the owner is away for."""
GRACE_SECONDS = 1.0
"""Kafka has this long to bring what the heads tell of, before the owner is asked for it."""
OVERLAP = timedelta(seconds=15)
"""Longer than a write takes from its update time to being readable, with the clocks of the owner's replicas apart."""
LEASE = timedelta(seconds=6)
"""Renewed while it lasts; so long after a replica was killed in it, another sweeps."""

log = structlog.get_logger(__name__)


class HeadsSweep:
    """The sweep of one area: whichever replica's turn it is lists what changed and follows up what stays behind.

    The first sweep of all, and the first after a restore (a new epoch), lists everything that the owner has.
    """

    def __init__(
        self,
        *,
        stream: Stream,
        cursors: Cursors,
        follower: Follower,
        slots: asyncio.Semaphore,
        clock: Clock,
        metrics: StreamMetrics,
        every_seconds: float = SWEEP_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._stream = stream
        self._cursors = cursors
        self._follower = follower
        self._slots = slots
        self._clock = clock
        self._metrics = metrics
        self._every_seconds = every_seconds
        self._grace_seconds = grace_seconds
        self._left: SweepPlace | None = None

    async def run(self) -> None:
        """Sweep until cancelled. No failure ends it; what failed is swept again."""
        while True:
            pause_seconds = self._every_seconds
            try:
                now = self._clock()
                place = await self._cursors.claim_sweep(self._stream.area, now=now, until=now + LEASE, left=self._left)
                if place is not None:
                    await self._sweep(place)
            except OwnerAway:
                log.info("owner_away", area=self._stream.area)
                pause_seconds *= STAND_BACK
            except Exception as error:
                log.warning("heads_sweep_failed", area=self._stream.area, exc_info=error)
                pause_seconds *= STAND_BACK
            await asyncio.sleep(pause_seconds)

    async def _sweep(self, place: SweepPlace) -> None:
        reached, next_time = place, self._clock()  # where this replica fails, another may try at once
        try:
            async with renewed(lambda: self._renew(place), every_seconds=LEASE.total_seconds() / 3):
                reached = await self._list_all(place)
            next_time = self._clock() + timedelta(seconds=self._every_seconds)
            self._metrics.compared_time.set(self._clock().timestamp())
        finally:
            self._left = await self._cursors.leave_sweep(reached, next_time=next_time)

    async def _renew(self, place: SweepPlace) -> None:
        await self._cursors.leave_sweep(place, next_time=self._clock() + LEASE)

    async def _list_all(self, place: SweepPlace) -> SweepPlace:
        """Go through all pages, and give the place to begin at the next time."""
        first = page = await self._stream.heads(place.since, "")
        if place.epoch and page.epoch != place.epoch:
            log.warning("new_epoch", area=place.area, epoch=page.epoch)
            return SweepPlace(place.area, LONG_AGO, page.epoch)
        while True:
            await self._compare(page)
            if not page.next_page_token:
                return SweepPlace(place.area, first.as_of_time - OVERLAP, first.epoch)
            page = await self._stream.heads(place.since, page.next_page_token)

    async def _compare(self, page: HeadsPage) -> None:
        behind = await self._behind(page, [customer_id for customer_id, seq in page.heads.items() if seq])
        if behind:
            await asyncio.sleep(self._grace_seconds)
            behind = await self._behind(page, behind)
        try:
            async with asyncio.TaskGroup() as tasks:
                for customer_id in behind:
                    tasks.create_task(self._follow_up(customer_id))
        except ExceptionGroup as errors:
            if errors.subgroup(OwnerAway):
                raise OwnerAway(self._stream.area) from errors
            raise errors.exceptions[0] from errors

    async def _behind(self, page: HeadsPage, customer_ids: Sequence[str]) -> list[str]:
        """Give those whose cursors are behind and that no later try is planned for."""
        area, now = self._stream.area, self._clock()
        cursors = await self._cursors.get_many([(area, customer_id) for customer_id in customer_ids])
        return [
            customer_id
            for customer_id in customer_ids
            if (cursor := cursors[area, customer_id]).is_behind(page.epoch, page.heads[customer_id])
            and not cursor.is_parked(now)
        ]

    async def _follow_up(self, customer_id: str) -> None:
        async with self._slots:
            await self._follower.follow_up(self._stream, customer_id)
