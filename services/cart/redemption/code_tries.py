"""Counts the unknown codes that are tried for a customer on a channel, so that nobody finds codes by trying.

A try is counted before the code is looked up, and given back where the code exists: many at once get no further than
one after the other.
"""

from datetime import datetime, timedelta

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.migrate import Index
from libs.mongo.revised import RevisedDocuments
from services.cart.checkout import errors

OFFER_TRIES = "offer_tries"
INDEXES = (
    Index(OFFER_TRIES, (("customer_id", 1),), sparse=True),
    Index(OFFER_TRIES, (("expire_time", 1),), expire_after_seconds=0),
)
MOST_TRIES = 10
TRIES_WINDOW = timedelta(minutes=15)


class CodeTries:
    """All counts, each in a document that vanishes by itself."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._counts = RevisedDocuments(database[OFFER_TRIES], lifetime=TRIES_WINDOW, clock=clock)
        self._clock = clock

    async def take(self, customer_id: str, channel_id: str, *, count: int = 1) -> datetime | None:
        """Count some tries, and give what `give_back` takes. Nothing is counted, and None given, for none.

        Raises OFFER_TRIES_EXCEEDED, or CONFLICT after losing to others too often.
        """
        if not count:
            return None
        now = self._clock()

        def decide(found: Document | None) -> Document:
            recent = [time for time in (found["times"] if found else ()) if time > now - TRIES_WINDOW]
            if len(recent) >= MOST_TRIES:
                raise errors.offer_tries_exceeded(recent[len(recent) - MOST_TRIES] + TRIES_WINDOW)
            return {"times": [*recent, *[now] * count]}

        if not await self._counts.change(_key(customer_id, channel_id), decide, first={"customer_id": customer_id}):
            raise conflict()
        return now

    async def give_back(self, customer_id: str, channel_id: str, taken: datetime | None, *, count: int = 1) -> None:
        """Count tries no longer that were of codes that exist; where others are faster they stay counted."""
        if taken is None or not count:
            return

        def decide(found: Document | None) -> Document | None:
            if found is None:
                return None
            times = list(found["times"])
            for _ in range(count):
                if taken in times:
                    times.remove(taken)
            return {"times": times}

        await self._counts.change(_key(customer_id, channel_id), decide, tries=1)


def _key(customer_id: str, channel_id: str) -> str:
    return f"{customer_id}:{channel_id}"
