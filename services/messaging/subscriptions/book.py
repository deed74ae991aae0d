"""What this replica knows of the subscriptions: a second old for posting, of now for deciding who gets an event."""

import asyncio
import time
from collections.abc import Callable

from libs.mongo.documents import Documents
from services.messaging.subscriptions.values import MOST_NAMES, MOST_SUBSCRIPTIONS, Subscription

OLDEST_SECONDS = 1.0


class SubscriptionBook:
    """The subscriptions that there are."""

    def __init__(self, documents: Documents[Subscription], *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._documents = documents
        self._monotonic = monotonic
        self._known: tuple[Subscription, ...] = ()
        self._versions: dict[str, int] = {}
        self._looked_at = float("-inf")
        self._looking = asyncio.Lock()

    async def recent(self) -> tuple[Subscription, ...]:
        """Give them as they were committed a second ago, or later. At most one small query a second."""
        return await self._not_before(self._monotonic() - OLDEST_SECONDS)

    async def committed(self) -> tuple[Subscription, ...]:
        """Give them as they are committed now: who asks at the same time shares one small query."""
        return await self._not_before(self._monotonic())

    async def _not_before(self, moment: float) -> tuple[Subscription, ...]:
        if self._looked_at < moment:
            async with self._looking:
                if self._looked_at < moment:
                    await self._look()
        return self._known

    async def _look(self) -> None:
        began = self._monotonic()
        versions = await self._documents.versions(MOST_NAMES)
        if versions != self._versions:
            found = await self._documents.page(limit=2 * MOST_SUBSCRIPTIONS, match={"is_deleted": False})
            self._known = tuple(saved.state for saved in found)
            self._versions = versions
        self._looked_at = began
