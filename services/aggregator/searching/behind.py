"""Which customers' cards are to be made anew, and how far behind that is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.shapes import RECORDS
from services.aggregator.searching.building import LOOK_AGAIN_AFTER, MADE, ONCE_MORE
from services.aggregator.store import CARDS_STATE

BEHIND_INDEX = Index(RECORDS, (("merged_into", 1), (CARDS_STATE, 1), ("update_time", 1)))
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far behind the cards are."""

    computed_time: datetime
    """All that was noted by then is in them."""
    customers_behind: int


@dataclass(frozen=True, slots=True)
class Behind:
    """Finds records whose cards are not as they are."""

    database: Database
    clock: Clock

    async def find(self, limit: int) -> list[str]:
        """Give at most `limit` customers: those that changed, longest ago first, those to look at again, then old ones.

        Old are records from before there were cards. Three indexed queries, fewer where there is enough to do.
        """
        again = {CARDS_STATE: ONCE_MORE, "update_time": {"$lte": self.clock() - LOOK_AGAIN_AFTER}}
        found: list[str] = []
        for match in (_CHANGED, again, {CARDS_STATE: None}):
            if len(found) < limit:
                found += [record["_id"] for record in await self._records(match, limit - len(found))]
        return found

    async def freshness(self) -> Freshness:
        """Say how far behind the cards are. Two indexed queries."""
        now = self.clock()
        records = await self._records(_CHANGED, MOST_COUNTED)
        if len(records) < MOST_COUNTED:
            records += await self._records({CARDS_STATE: None}, MOST_COUNTED - len(records))
        oldest = min((record["update_time"] for record in records), default=now)
        # What is being noted this moment has an older time than it has when it can be read.
        return Freshness(min(oldest, now) - timedelta(milliseconds=1), len(records))

    async def _records(self, match: Document, limit: int) -> list[Document]:
        with reading():
            found = self.database[RECORDS].find({"merged_into": "", **match}, {"update_time": 1})
            in_order = found.sort([(CARDS_STATE, 1), ("update_time", 1)])
            return await in_order.limit(limit).to_list(limit)


_CHANGED: Document = {CARDS_STATE: {"$gte": 0, "$lt": MADE}}
