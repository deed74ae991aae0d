"""Hears all areas, for as long as somebody has subscribed to anything: an installation without is left in peace."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from libs.background import Background
from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.mongo.cursors import Cursors
from libs.service import Runs
from services.messaging.subscriptions.book import SubscriptionBook
from services.messaging.subscriptions.event_types import AREAS

LOOK_SECONDS = 1.0
LEEWAY = timedelta(minutes=1)
STAYS_SECONDS = 600.0
"""How long it goes on listening without any subscription: who comes and goes makes all replicas share out anew."""

log = structlog.get_logger(__name__)


class Hearing:
    """Runs a consumer while there are subscriptions. It begins with what changed since the first was made."""

    def __init__(self, *, book: SubscriptionBook, cursors: Cursors, consumer: Runs, clock: Clock) -> None:
        self._book = book
        self._cursors = cursors
        self._consumer = consumer
        self._clock = clock

    async def run(self) -> None:
        """Look, and listen or not, until cancelled."""
        listening: Background | None = None
        now = asyncio.get_running_loop().time
        wanted_at = now()
        try:
            while True:
                wanted = await self._is_wanted(already=listening is not None)
                wanted_at = now() if wanted else wanted_at
                if wanted and listening is None:
                    listening = Background()
                    listening.start("subscription-consumer", self._consumer.run)
                elif listening is not None and now() - wanted_at > STAYS_SECONDS:
                    await listening.stop()
                    listening = None
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            if listening is not None:
                with suppress(asyncio.CancelledError):
                    await listening.stop()

    async def _is_wanted(self, *, already: bool) -> bool:
        try:
            subscriptions = await self._book.recent()
            if subscriptions and not already:
                first = min(subscription.create_time or self._clock() for subscription in subscriptions)
                await self._cursors.begin_sweeps(sorted(AREAS), since=first - LEEWAY)
        except OmnithreadError as error:
            log.warning("subscriptions_unknown", reason=error.reason)
            return already
        return bool(subscriptions)
