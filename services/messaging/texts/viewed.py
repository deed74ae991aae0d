"""Remembers which articles a customer looked at last, so that a message can show them with today's price.

One small document for each customer that looked at something, beside the records: nobody reads it to decide whether
something is sent, and it goes by itself after 60 days. What two looked at who are one now is read together, and
apart again when that is undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.record import Records
from libs.mongo.revised import RevisedDocuments
from services.messaging.events import Event
from services.messaging.values import Messaging

VIEWED_ARTICLES = "viewed_articles"
MOST_VIEWED = 10
KEPT_FOR = timedelta(days=60)
MAX_SKU_CHARACTERS = 64
VIEWED_INDEXES = (
    Index(VIEWED_ARTICLES, (("customer_id", 1),)),
    Index(VIEWED_ARTICLES, (("expire_time", 1),), expire_after_seconds=0),
)


@dataclass(frozen=True, slots=True)
class Viewed:
    """What can be done with looks at articles."""

    records: Records[Messaging, Event]
    database: Database
    clock: Clock

    async def note(self, customer_id: str, sku: str, time: datetime) -> None:
        """Note that a customer looked at an article. Safe to repeat, in whatever order.

        A customer who was forgotten in the meantime leaves nothing.
        """
        now = self.clock()
        if not 0 < len(sku) <= MAX_SKU_CHARACTERS or time <= now - KEPT_FOR:
            return
        time = min(time, now)
        time = time.replace(microsecond=time.microsecond // 1000 * 1000)  # as MongoDB keeps it

        def decide(found: Document | None) -> dict[str, Any] | None:
            before = [(item["sku"], item["time"]) for item in found["items"]] if found else []
            after = newest([*before, (sku, time)])
            if after == before:
                return None
            return {"items": [{"sku": sku, "time": time} for sku, time in after]}

        documents = RevisedDocuments(self.database[VIEWED_ARTICLES], lifetime=KEPT_FOR, clock=self.clock)
        await documents.change(customer_id, decide, first={"customer_id": customer_id})
        # Looked at only now: who was erased before the write is found erased here, and after it, is erased with it.
        if (await self.records.standing(customer_id)).erased:
            with reading():
                await self.database[VIEWED_ARTICLES].delete_one({"_id": customer_id})

    async def of(self, customer_id: str) -> Sequence[str]:
        """Give the articles that a customer looked at last, the newest first, at most 10. Two reads by id."""
        saved = await self.records.get(customer_id)
        with reading():
            cursor = self.database[VIEWED_ARTICLES].find({"_id": {"$in": list(saved.lineage)}})
            found = await cursor.to_list(len(saved.lineage))
        looks = [(item["sku"], item["time"]) for document in found for item in document["items"]]
        return [sku for sku, time in newest(looks) if time > self.clock() - KEPT_FOR]


def newest(looks: Sequence[tuple[str, datetime]]) -> list[tuple[str, datetime]]:
    """Give each article once, with the newest look at it, newest first, the newest 10."""
    last: dict[str, datetime] = {}
    for sku, time in looks:
        last[sku] = max(time, last.get(sku, time))
    return sorted(last.items(), key=lambda look: (look[1], look[0]), reverse=True)[:MOST_VIEWED]
