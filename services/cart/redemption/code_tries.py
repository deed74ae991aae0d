"""Counts the unknown codes that are tried for a customer on a channel, so that nobody finds codes by trying.

A try is counted before the code is looked up, and given back where the code exists: many at once get no further than
one after the other.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from services.cart.checkout import errors

OFFER_TRIES = "offer_tries"
INDEXES = (
    Index(OFFER_TRIES, (("customer_id", 1),), sparse=True),
    Index(OFFER_TRIES, (("expire_time", 1),), expire_after_seconds=0),
)
MOST_TRIES = 10
TRIES_WINDOW = timedelta(minutes=15)
MAX_WRITES = 12


class CodeTries:
    """All counts, each in a document that vanishes by itself."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._collection = database[OFFER_TRIES]
        self._clock = clock

    async def take(self, customer_id: str, channel_id: str, *, count: int = 1) -> datetime | None:
        """Count some tries, and give what `give_back` takes. Nothing is counted, and None given, for none.

        Raises OFFER_TRIES_EXCEEDED, or CONFLICT after losing to others too often.
        """
        if not count:
            return None
        for _ in range(MAX_WRITES):
            found = await self._read(customer_id, channel_id)
            now = self._clock()
            recent = [time for time in (found["times"] if found else ()) if time > now - TRIES_WINDOW]
            if len(recent) >= MOST_TRIES:
                raise errors.offer_tries_exceeded(recent[len(recent) - MOST_TRIES] + TRIES_WINDOW)
            if await self._write(customer_id, channel_id, found, [*recent, *[now] * count]):
                return now
        raise conflict()

    async def give_back(self, customer_id: str, channel_id: str, taken: datetime | None, *, count: int = 1) -> None:
        """Count tries no longer that were of codes that exist; where others are faster they stay counted."""
        found = await self._read(customer_id, channel_id) if taken and count else None
        if found is None or taken is None:
            return
        times = list(found["times"])
        for _ in range(count):
            if taken in times:
                times.remove(taken)
        await self._write(customer_id, channel_id, found, times)

    async def _read(self, customer_id: str, channel_id: str) -> Document | None:
        with reading():
            return await self._collection.find_one({"_id": _key(customer_id, channel_id)})

    async def _write(
        self, customer_id: str, channel_id: str, found: Document | None, times: Sequence[datetime]
    ) -> bool:
        fields: Document = {
            "times": list(times),
            "expire_time": self._clock() + TRIES_WINDOW,
            "revision": found["revision"] + 1 if found else 1,
        }
        key = _key(customer_id, channel_id)
        if found is None:
            return await insert_once(self._collection, {"_id": key, "customer_id": customer_id, **fields})
        with reading():
            answer = await self._collection.update_one({"_id": key, "revision": found["revision"]}, {"$set": fields})
        return bool(answer.matched_count)


def _key(customer_id: str, channel_id: str) -> str:
    return f"{customer_id}:{channel_id}"
