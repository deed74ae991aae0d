"""Posts again what was posted or given up: one event, or what was committed since a time."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from libs.clock import Clock
from services.messaging.subscriptions import errors
from services.messaging.subscriptions.deliveries import Deliveries
from services.messaging.subscriptions.values import Delivery

MOST_AT_ONCE = 10_000
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Replayed:
    """How much a replay set waiting, and from where on there is more."""

    count: int
    next_from: datetime | None
    """None at the end."""


@dataclass(frozen=True, slots=True)
class Replaying:
    """Lets deliveries wait again. The same request does so once for each, however often it is sent."""

    deliveries: Deliveries
    nudge: Callable[[Iterable[str]], None]
    clock: Clock
    most_at_once: int = MOST_AT_ONCE

    async def one(self, hook_id: str, delivery_id: str, *, request_id: str) -> Delivery:
        """Replay one, whatever became of it. Raises SUBSCRIPTION_DELIVERY_NOT_FOUND."""
        if await self.deliveries.find(hook_id, delivery_id) is None:
            raise errors.delivery_not_found()
        await self.deliveries.replay([delivery_id], request_id=request_id, now=self.clock())
        replayed = await self.deliveries.find(hook_id, delivery_id)
        if replayed is None:
            raise errors.delivery_not_found()
        self.nudge([hook_id])
        return replayed

    async def since(self, hook_id: str, time: datetime, *, only_dead: bool, request_id: str) -> Replayed:
        """Replay what was committed at or after a time, oldest first, at most 10000."""
        found = await self.deliveries.since(hook_id, time, only_dead=only_dead, limit=self.most_at_once + 1)
        chosen, rest = found[: self.most_at_once], found[self.most_at_once :]
        count = 0
        for start in range(0, len(chosen), BATCH):
            ids = [delivery_id for delivery_id, _ in chosen[start : start + BATCH]]
            count += await self.deliveries.replay(ids, request_id=request_id, now=self.clock())
        self.nudge([hook_id])
        return Replayed(count, rest[0][1] if rest else None)
