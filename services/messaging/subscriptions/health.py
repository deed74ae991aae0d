"""How receivers fare: one that failed ten times in a row is left alone, and tried with one event at a time.

So that a receiver that is down costs one post in five minutes, and nothing is given up meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.once import insert_once
from services.messaging.subscriptions.store import HEALTH, health_from_document
from services.messaging.subscriptions.values import Health

FAILURES_BEFORE_REST = 10
FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(minutes=5)
MOST_DOUBLINGS = 10
TOLD_EVERY = timedelta(minutes=1)
"""How exactly it is known when a receiver that is well last took something."""

log = structlog.get_logger(__name__)


def rest_after(probe_count: int) -> timedelta:
    """Say how long a receiver is left alone after so many probes that failed, 0 at the beginning."""
    return min(LONGEST_REST, FIRST_REST * (1 << min(probe_count, MOST_DOUBLINGS)))


@dataclass(frozen=True, slots=True)
class Healths:
    """The notes on all receivers. Several replicas write them."""

    database: Database

    async def of(self, hook_ids: Sequence[str]) -> dict[str, Health]:
        """Give how receivers fare. One query."""
        with reading():
            found = await self.database[HEALTH].find({"_id": {"$in": list(hook_ids)}}).to_list(len(hook_ids))
        known = {health.hook_id: health for health in map(health_from_document, found)}
        return {hook_id: known.get(hook_id, Health(hook_id)) for hook_id in hook_ids}

    async def claim_probe(self, health: Health, *, until: datetime) -> bool:
        """Take the one try that a resting receiver gets, so that replicas do not all try."""
        with reading():
            claimed = await self.database[HEALTH].update_one(
                {"_id": health.hook_id, "rest_until": health.rest_until}, {"$set": {"rest_until": until}}
            )
        return claimed.modified_count == 1

    async def probe_unused(self, hook_id: str, now: datetime) -> None:
        """Give the one try back: there was nothing to try."""
        with reading():
            await self.database[HEALTH].update_one(
                {"_id": hook_id, "rest_until": {"$gt": now}}, {"$set": {"rest_until": now}}
            )

    async def taken(self, health: Health, now: datetime) -> None:
        """Note that something was taken: the receiver is well. Written once a minute where it was well before."""
        last = health.last_taken_time
        if not health.failure_count and last is not None and now - last < TOLD_EVERY:
            return
        await self._ensure(health.hook_id)
        change = {
            "$set": {"failure_count": 0, "probe_count": 0, "last_taken_time": now},
            "$unset": {"rest_until": ""},
        }
        with reading():
            await self.database[HEALTH].update_one({"_id": health.hook_id}, change)

    async def failed(self, health: Health, why: str, now: datetime) -> None:
        """Note that a try failed, and let the receiver rest where that was too often: longer after each probe.

        Tries that were under way when it began to rest say nothing new.
        """
        hook_id, is_probe = health.hook_id, health.rest_until is not None
        await self._ensure(hook_id)
        change = {"$inc": {"failure_count": 1, "probe_count": int(is_probe)}, "$set": {"last_failure": why}}
        with reading():
            found = await self.database[HEALTH].find_one_and_update({"_id": hook_id}, change, return_document=True)
            if found is None or found["failure_count"] < FAILURES_BEFORE_REST:
                return
            same = {"_id": hook_id, **({} if is_probe else {"rest_until": {"$exists": False}})}
            until = now + rest_after(found["probe_count"])
            begun = await self.database[HEALTH].update_one(same, {"$set": {"rest_until": until}})
        if begun.modified_count and not is_probe:
            log.warning("subscription_rests", hook_id=hook_id, failures=found["failure_count"], why=why)

    async def forget(self, hook_id: str) -> None:
        """Forget one: it is deleted, or is given a fresh start."""
        with reading():
            await self.database[HEALTH].delete_one({"_id": hook_id})

    async def _ensure(self, hook_id: str) -> None:
        await insert_once(self.database[HEALTH], {"_id": hook_id, "failure_count": 0, "probe_count": 0})
