"""Remembers which articles are not sold any more, as the catalogue tells, so that carts can say so.

Every replica has them at hand and looks every few seconds for what others were told; its own news count at once.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError, invalid_field
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.mongo.migrate import Index
from libs.mongo.newest import put_newest
from libs.mongo.requests import MAX_AHEAD
from libs.timestamps import EPOCH

UNSOLD_ARTICLES = "unsold_articles"
KEPT_FOR = timedelta(days=400)
MAX_UNSOLD = 100_000
OVERLAP = timedelta(seconds=60)
"""How far back a look begins: replicas' clocks differ, and a write takes its time."""
MOST_LOAD_SECONDS = 30.0
LOAD_BATCH = 1000
ARTICLE_INDEXES = (
    Index(UNSOLD_ARTICLES, (("update_time", 1),)),
    Index(UNSOLD_ARTICLES, (("expire_time", 1),), expire_after_seconds=0),
)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Articles:
    """What the catalogue told of articles."""

    database: Database
    clock: Clock
    pause_seconds: float
    _unsold: dict[str, None] = field(default_factory=dict)
    _looked_until: datetime = EPOCH

    @property
    def unsold(self) -> Mapping[str, None]:
        """The articles that are not sold any more, at most 100,000, as this replica knows them."""
        return self._unsold

    async def report(self, sold: Mapping[str, bool], *, report_time: datetime) -> None:
        """Keep what the catalogue tells as of a time; what was told as of a later one stands.

        Raises INVALID_FIELD for a time in the future. One write, and one read.
        """
        now = self.clock()
        if report_time > now + MAX_AHEAD:
            raise invalid_field("report_time", "is in the future")
        documents = [
            {
                "_id": sku,
                "sold": is_sold,
                "report_time": report_time,
                "update_time": now,
                "expire_time": now + KEPT_FOR,
            }
            for sku, is_sold in sold.items()
        ]
        reports = self.database[UNSOLD_ARTICLES]
        await put_newest(reports, documents, by="report_time")
        with reading():
            for document in await reports.find({"_id": {"$in": sorted(sold)}}).to_list(None):
                self._take(document)

    async def run(self) -> None:
        """Look for news until cancelled. While MongoDB does not answer, what is known stands."""
        while True:
            try:
                await self.look()
            except OmnithreadError as error:
                log.warning("unsold_articles_not_read", reason=error.reason)
            await asyncio.sleep(self.pause_seconds)

    async def look(self) -> None:
        """Learn what replicas were told since the last look; the first time all of it. One indexed query.

        Where it takes too long the next look goes on where this one came to.
        """
        now = self.clock()
        since = {"update_time": {"$gte": self._looked_until - OVERLAP}}
        with reading(Deadline(at_most_seconds=MOST_LOAD_SECONDS)):
            cursor = self.database[UNSOLD_ARTICLES].find(since, {"sold": 1, "update_time": 1}).sort("update_time", 1)
            async for document in cursor.batch_size(LOAD_BATCH):
                self._take(document)
                self._looked_until = max(self._looked_until, document["update_time"])
        self._looked_until = now

    def _take(self, document: Document) -> None:
        if document["sold"]:
            self._unsold.pop(document["_id"], None)
        elif len(self._unsold) < MAX_UNSOLD:
            self._unsold[document["_id"]] = None
