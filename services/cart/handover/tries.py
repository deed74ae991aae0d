"""Counts wrong codes, by channel and member of staff, each count in a document that vanishes by itself.

A try is counted before the code is looked at and taken back where it was right, so that a thousand guesses at the same
moment are ten like any others. Who tried is kept as a hash.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline
from libs.mongo.locks import KeyLocks
from libs.mongo.migrate import Index
from libs.mongo.revised import RevisedDocuments
from services.cart import errors

HANDOVER_TRIES = "handover_tries"
MOST_WRONG = 10
WINDOW = timedelta(minutes=15)
INDEXES = (Index(HANDOVER_TRIES, (("expire_time", 1),), expire_after_seconds=0),)


@dataclass(frozen=True, slots=True)
class Slot:
    """One try that counts as wrong until it turns out right."""

    request: str
    time: datetime


class HandoverTries:
    """All counts."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._counts = RevisedDocuments(database[HANDOVER_TRIES], lifetime=WINDOW, clock=clock)
        self._clock = clock
        self._locks = KeyLocks()

    async def take(self, channel_id: str, actor_id: str, request: str) -> None:
        """Count a try, the same request once. Raises HANDOVER_TRIES_EXCEEDED, or CONFLICT after losing too often."""

        def decide(found: Document | None) -> Document:
            others = self._others(found, request)
            if len(others) >= MOST_WRONG:
                raise errors.handover_tries_exceeded(others[-MOST_WRONG].time + WINDOW)
            return _fields([*others, Slot(request, self._clock())])

        key = _key(channel_id, actor_id)
        async with self._locks.hold(key, Deadline()):
            if not await self._counts.change(key, decide):
                raise conflict()

    async def give_back(self, channel_id: str, actor_id: str, request: str) -> None:
        """Count a try no more that was right; where others are faster each time it stays counted for its window."""

        def decide(found: Document | None) -> Document | None:
            return _fields(self._others(found, request)) if found is not None else None

        key = _key(channel_id, actor_id)
        async with self._locks.hold(key, Deadline()):
            await self._counts.change(key, decide)

    def _others(self, found: Document | None, request: str) -> list[Slot]:
        """Give the tries of the last while that are not this request's."""
        slots = [Slot(one["request"], one["time"]) for one in found["slots"]] if found else []
        return [slot for slot in slots if slot.time > self._clock() - WINDOW and slot.request != request]


def _fields(slots: Sequence[Slot]) -> Document:
    return {"slots": [{"request": slot.request, "time": slot.time} for slot in slots]}


def _key(channel_id: str, actor_id: str) -> str:
    return hashlib.sha256(f"{channel_id}\0{actor_id}".encode()).hexdigest()
