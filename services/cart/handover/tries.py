"""Counts wrong codes, by channel and member of staff, each count in a document that vanishes by itself.

A try is counted before the code is looked at and taken back where it was right, so that a thousand guesses at the same
moment are ten like any others. Who tried is kept as a hash.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.mongo.locks import KeyLocks
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from services.cart import errors

HANDOVER_TRIES = "handover_tries"
MOST_WRONG = 10
WINDOW = timedelta(minutes=15)
MAX_ATTEMPTS = 12
INDEXES = (Index(HANDOVER_TRIES, (("expire_time", 1),), expire_after_seconds=0),)


@dataclass(frozen=True, slots=True)
class Slot:
    """One try that counts as wrong until it turns out right."""

    request: str
    time: datetime


class HandoverTries:
    """All counts."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._collection = database[HANDOVER_TRIES]
        self._clock = clock
        self._locks = KeyLocks()

    async def take(self, channel_id: str, actor_id: str, request: str) -> None:
        """Count a try, the same request once. Raises HANDOVER_TRIES_EXCEEDED, or CONFLICT after losing too often."""
        key = _key(channel_id, actor_id)
        async with self._locks.hold(key, Deadline()):
            for _ in range(MAX_ATTEMPTS):
                found, slots = await self._read(key)
                others = [slot for slot in slots if slot.request != request]
                if len(others) >= MOST_WRONG:
                    raise errors.handover_tries_exceeded(others[-MOST_WRONG].time + WINDOW)
                if await self._write(key, found, [*others, Slot(request, self._clock())]):
                    return
        raise conflict()

    async def give_back(self, channel_id: str, actor_id: str, request: str) -> None:
        """Count a try no more that was right; where others are faster each time it stays counted for its window."""
        key = _key(channel_id, actor_id)
        async with self._locks.hold(key, Deadline()):
            for _ in range(MAX_ATTEMPTS):
                found, slots = await self._read(key)
                others = [slot for slot in slots if slot.request != request]
                if found is None or await self._write(key, found, others):
                    return

    async def _read(self, key: str) -> tuple[Document | None, list[Slot]]:
        with reading():
            found = await self._collection.find_one({"_id": key})
        slots = [Slot(one["request"], one["time"]) for one in found["slots"]] if found else []
        return found, [slot for slot in slots if slot.time > self._clock() - WINDOW]

    async def _write(self, key: str, found: Document | None, slots: list[Slot]) -> bool:
        fields: Document = {
            "slots": [{"request": slot.request, "time": slot.time} for slot in slots],
            "expire_time": self._clock() + WINDOW,
            "revision": found["revision"] + 1 if found else 1,
        }
        if found is None:
            return await insert_once(self._collection, {"_id": key, **fields})
        with reading():
            result = await self._collection.update_one({"_id": key, "revision": found["revision"]}, {"$set": fields})
        return bool(result.matched_count)


def _key(channel_id: str, actor_id: str) -> str:
    return hashlib.sha256(f"{channel_id}\0{actor_id}".encode()).hexdigest()
