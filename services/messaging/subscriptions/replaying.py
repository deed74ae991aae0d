"""Posts again what was posted or given up: one event, or what was committed since a time.

Each request is noted, with what it chose, before anything waits again: whoever sends it once more, however late and
whatever was replayed since, gets the same answer, and only finishes what a crash left of the same choice.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from libs.clock import Clock
from libs.mongo.documents import Documents, SavedDocument
from libs.mongo.values import Decision
from libs.origin import Stamp
from services.messaging.subscriptions import errors
from services.messaging.subscriptions.deliveries import Chosen, Deliveries
from services.messaging.subscriptions.values import Delivery, Replays

MOST_AT_ONCE = 10_000
BATCH = 1000
HOOK_ID, TURN, TIME = "hook_id", "turn", "time"
COUNT, LAST_TIME, LAST_ID, NEXT_FROM = "count", "last_time", "last_id", "next_from"


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
    documents: Documents[Replays]
    """Apart from the subscriptions, whose etags stay."""
    nudge: Callable[[Iterable[str]], None]
    clock: Clock
    most_at_once: int = MOST_AT_ONCE

    async def one(self, subscription_id: str, hook_id: str, delivery_id: str, *, stamp: Stamp) -> Delivery:
        """Replay one, whatever became of it. Raises SUBSCRIPTION_DELIVERY_NOT_FOUND."""
        if await self.deliveries.find(hook_id, delivery_id) is None:
            raise errors.delivery_not_found()
        noted = await self._noted(subscription_id, stamp, {HOOK_ID: hook_id})
        await self._replay([delivery_id], noted, stamp)
        replayed = await self.deliveries.find(hook_id, delivery_id)
        if replayed is None:
            raise errors.delivery_not_found()
        self.nudge([hook_id])
        return replayed

    async def since(
        self, subscription_id: str, hook_id: str, time: datetime, *, only_dead: bool, stamp: Stamp
    ) -> Replayed:
        """Replay what was committed at or after a time, oldest first, at most 10000."""
        now = self.clock()
        found = await self.deliveries.since(hook_id, time, only_dead=only_dead, before=now, limit=self.most_at_once + 1)
        chosen, rest = found[: self.most_at_once], found[self.most_at_once :]
        noted = await self._noted(subscription_id, stamp, {HOOK_ID: hook_id, **_choice(chosen, rest, now)})
        if noted[HOOK_ID] == hook_id:  # else one of the same name was replayed, and is deleted
            await self._replay_since(hook_id, time, noted, only_dead=only_dead, stamp=stamp)
        next_from = noted[NEXT_FROM]
        return Replayed(int(noted[COUNT]), datetime.fromisoformat(next_from) if next_from else None)

    async def _noted(self, subscription_id: str, stamp: Stamp, facts: Mapping[str, str]) -> Mapping[str, str]:
        """Note a request with its turn, and give what was noted of it first. Raises as `Documents.run` does."""

        def decide(saved: SavedDocument[Replays]) -> Decision[Replays, NoReturn]:
            return Decision(saved.state, facts={**facts, TURN: str(saved.version + 1)})

        return (await self.documents.run(subscription_id, stamp, decide)).facts

    async def _replay_since(
        self, hook_id: str, time: datetime, noted: Mapping[str, str], *, only_dead: bool, stamp: Stamp
    ) -> None:
        """Replay what was chosen, as far as no earlier try of this request, and no later one, has done so."""
        if not int(noted[COUNT]):
            return
        before = datetime.fromisoformat(noted[TIME])
        last = (datetime.fromisoformat(noted[LAST_TIME]), noted[LAST_ID])
        found = await self.deliveries.since(hook_id, time, only_dead=only_dead, before=before, limit=self.most_at_once)
        ids = [one.delivery_id for one in found if (one.record_time, one.delivery_id) <= last]
        for start in range(0, len(ids), BATCH):
            await self._replay(ids[start : start + BATCH], noted, stamp)
        self.nudge([hook_id])

    async def _replay(self, ids: list[str], noted: Mapping[str, str], stamp: Stamp) -> None:
        await self.deliveries.replay(ids, request_id=stamp.request_id, turn=int(noted[TURN]), now=self.clock())


def _choice(chosen: list[Chosen], rest: list[Chosen], now: datetime) -> dict[str, str]:
    return {
        TIME: now.isoformat(),
        COUNT: str(len(chosen)),
        LAST_TIME: chosen[-1].record_time.isoformat() if chosen else "",
        LAST_ID: chosen[-1].delivery_id if chosen else "",
        NEXT_FROM: rest[0].record_time.isoformat() if rest else "",
    }
