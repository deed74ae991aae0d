"""Decides what this replica posts when: as much at once as does no harm, and every receiver gets its turn.

At most 64 posts are under way in this process and at most 8 to one receiver. Beyond half of the 64 a receiver gets one
at a time, so that whoever answers slowly holds up nobody else: there are 50 subscriptions at most.
"""

import asyncio
from collections.abc import Iterable

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError
from services.messaging.subscriptions.book import SubscriptionBook
from services.messaging.subscriptions.deliveries import Deliveries
from services.messaging.subscriptions.health import Healths
from services.messaging.subscriptions.posting import Poster
from services.messaging.subscriptions.values import Delivery, Health, Subscription

MOST_AT_ONCE = 64
MOST_PER_RECEIVER = 8
PLENTY = MOST_AT_ONCE // 2

log = structlog.get_logger(__name__)


class Dispatcher:
    """Looks every moment, and at once where something new was laid out here or a place became free."""

    def __init__(
        self,
        *,
        book: SubscriptionBook,
        deliveries: Deliveries,
        healths: Healths,
        poster: Poster,
        clock: Clock,
        every_seconds: float,
    ) -> None:
        self._book = book
        self._deliveries = deliveries
        self._healths = healths
        self._poster = poster
        self._clock = clock
        self._every_seconds = every_seconds
        self._under_way: dict[str, dict[str, asyncio.Task[None]]] = {}
        self._nudged: set[str] = set()
        self._wake = asyncio.Event()

    def nudge(self, hook_ids: Iterable[str]) -> None:
        """Look for these receivers now."""
        self._nudged.update(hook_ids)
        self._wake.set()

    async def run(self) -> None:
        """Post until cancelled; what is under way then is posted again by whoever comes next."""
        loop = asyncio.get_running_loop()
        next_sweep = loop.time()
        try:
            while True:
                is_sweep = loop.time() >= next_sweep
                if is_sweep:
                    next_sweep = loop.time() + self._every_seconds
                try:
                    await self.look(None if is_sweep else self._take_nudged())
                except OmnithreadError as error:
                    log.warning("subscriptions_not_looked_at", reason=error.reason)
                await self._wait(next_sweep - loop.time())
        finally:
            tasks = [task for some in self._under_way.values() for task in some.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self, only: frozenset[str] | None = None) -> None:
        """Begin what is due and has room, for all receivers or some of them."""
        subscriptions = [
            subscription
            for subscription in await self._book.recent()
            if not subscription.wanted.paused
            and (only is None or subscription.hook_id in only)
            and self._room(subscription.hook_id) > 0
        ]
        if not subscriptions:
            return
        healths = await self._healths.of([subscription.hook_id for subscription in subscriptions])
        for subscription in subscriptions:
            await self._begin_due(subscription, healths[subscription.hook_id])

    async def _begin_due(self, subscription: Subscription, health: Health) -> None:
        hook_id, now = subscription.hook_id, self._clock()
        room = self._room(hook_id)
        if health.rest_until is not None:
            if health.rest_until > now or self._under_way.get(hook_id):
                return
            room = min(room, 1)
        if room <= 0:
            return
        busy = self._under_way.get(hook_id, {})
        found = await self._deliveries.due(hook_id, now=now, limit=room + len(busy))
        due = [delivery for delivery in found if delivery.delivery_id not in busy][:room]
        is_probe = health.rest_until is not None
        if due and is_probe and not await self._healths.claim_probe(health, until=now + self._poster.lease):
            return
        for delivery in due:
            self._begin(subscription, delivery, health)

    def _begin(self, subscription: Subscription, delivery: Delivery, health: Health) -> None:
        hook_id = subscription.hook_id
        task = asyncio.create_task(self._post(subscription, delivery, health))
        self._under_way.setdefault(hook_id, {})[delivery.delivery_id] = task

        def done(_task: asyncio.Task[None]) -> None:
            del self._under_way[hook_id][delivery.delivery_id]
            if not self._under_way[hook_id]:
                del self._under_way[hook_id]
            self.nudge([hook_id])

        task.add_done_callback(done)

    async def _post(self, subscription: Subscription, delivery: Delivery, health: Health) -> None:
        try:
            tried = await self._poster.post(subscription, delivery, health)
            if not tried and health.rest_until is not None:
                await self._healths.probe_unused(health.hook_id, self._clock())
        except OmnithreadError as error:  # our own database is away: the lease ends, and it is tried again
            log.warning("subscription_post_not_noted", delivery_id=delivery.delivery_id, reason=error.reason)
        except Exception:
            log.exception("subscription_post_failed", delivery_id=delivery.delivery_id)

    def _room(self, hook_id: str) -> int:
        total = sum(len(some) for some in self._under_way.values())
        mine = len(self._under_way.get(hook_id, ()))
        if total >= PLENTY:
            return min(1 - mine, MOST_AT_ONCE - total)
        return min(MOST_PER_RECEIVER - mine, PLENTY - total)

    def _take_nudged(self) -> frozenset[str]:
        taken = frozenset(self._nudged)
        self._nudged.clear()
        return taken

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()
