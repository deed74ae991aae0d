"""Sweeps: counts anew the days of which journeys have changed, from their cards.

Every replica looks; the one that notes it first counts a day. A day that takes long to count then rests for twenty
times as long: so counting never takes more than a small part of a process, however many journeys a day has, and a
report says by how much it is behind. From time to time each day is compared with its cards: what left without a word
(a customer who was forgotten) is found so.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.timestamps import EPOCH
from services.aggregator.searching.card_fields import CARDS, card_from_document
from services.aggregator.searching.counts import Counts
from services.aggregator.searching.day_fields import Parts, parts_to_fields
from services.aggregator.searching.day_marks import DAYS, KEPT, DayMarks, bounds_of, day_of, keys_in

MOST_DAYS = 50
CHECKED_AT_ONCE = 20
CHECK_EVERY = timedelta(minutes=5)
RESTS_TIMES = 20
CHECK_RESTS_TIMES = 20 * 366
"""After a comparison that took long: so that those of a year take no more than a small part of a process either."""
LEASE = timedelta(seconds=60)
"""So long the others leave a day to the replica that began to count it."""
BATCH = 500
MOST_SECONDS = 300.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DayCounting:
    """Counts days."""

    database: Database
    zone: ZoneInfo
    clock: Clock
    pause_seconds: float

    async def run(self) -> None:
        """Count until cancelled. While MongoDB does not answer nothing is done, and nothing is lost."""
        is_known = False
        while True:
            try:
                if not is_known:
                    await self.take_over()
                    is_known = True
                await self.sweep()
                await self.check()
            except OmnithreadError as error:
                log.warning("counting_days_failed", reason=error.reason)
            await asyncio.sleep(self.pause_seconds)

    async def sweep(self) -> int:
        """Count at most 50 days that have changed, longest waiting first, and say how many there were."""
        changed = await self._changed()
        for document in changed:
            await self._count(document)
        return len(changed)

    async def check(self) -> None:
        """Compare the days that were compared longest ago with their cards, where that is some minutes ago."""
        before = self.clock() - CHECK_EVERY
        with reading():
            match = {"_id": keys_in(self.zone), "checked_time": {"$lte": before}}
            found = self.database[DAYS].find(match, {"parts": 0})
            documents = await found.sort("checked_time", 1).limit(CHECKED_AT_ONCE).to_list(CHECKED_AT_ONCE)
        for document in documents:
            begin, until = bounds_of(date.fromisoformat(document["day"]), self.zone)
            began = time.monotonic()
            with reading():
                of_day = {"start_time": {"$gte": begin, "$lt": until}, "gone": {"$ne": True}}
                count = await self.database[CARDS].count_documents(of_day)
                rest = timedelta(seconds=(time.monotonic() - began) * CHECK_RESTS_TIMES)
                change: Document = {"$set": {"checked_time": self.clock() + rest}}
                if count != document.get("journey_count"):
                    change |= {"$inc": {"changes": 1}, "$min": {"changed_since": self.clock()}}
                await self.database[DAYS].update_one({"_id": document["_id"]}, change)

    async def take_over(self) -> None:
        """Mark all days where the company's zone was another before. Once for a zone; one query where that is done."""
        done = {"_id": self.zone.key}
        with reading():
            if await self.database[DAYS].find_one(done):
                return
        with reading():  # whoever comes back to another zone has missed what changes from now on
            await self.database[DAYS].delete_many({"_id": {"$ne": self.zone.key}, "known": True})
        with reading():
            first = await self.database[CARDS].find({}, {"start_time": 1}).sort("start_time", 1).limit(1).to_list(1)
            last = await self.database[CARDS].find({}, {"start_time": 1}).sort("start_time", -1).limit(1).to_list(1)
        if first:
            newest = day_of(last[0]["start_time"], self.zone)
            oldest = max(day_of(first[0]["start_time"], self.zone), newest - KEPT)
            days = [oldest + timedelta(days=number) for number in range((newest - oldest).days + 1)]
            marks = DayMarks(self.database, self.zone, self.clock)
            await marks.mark(bounds_of(day, self.zone)[0] for day in days)
        with reading():
            await self.database[DAYS].update_one(done, {"$set": {"known": True}}, upsert=True)

    async def _changed(self) -> list[Document]:
        now = self.clock()
        match = {
            "_id": keys_in(self.zone),
            "changed_since": {"$gt": EPOCH},
            "rest_until": {"$not": {"$gt": now}},
        }
        with reading():
            found = self.database[DAYS].find(match, {"parts": 0})
            return await found.sort("changed_since", 1).limit(MOST_DAYS).to_list(MOST_DAYS)

    async def _count(self, document: Document) -> None:
        """Count one day, unless another replica does."""
        key, now = document["_id"], self.clock()
        taken = {"_id": key, "changes": document["changes"], "rest_until": document.get("rest_until")}
        with reading():
            answer = await self.database[DAYS].update_one(taken, {"$set": {"rest_until": now + LEASE}})
        if not answer.matched_count:
            return
        began = time.monotonic()
        parts, count = await self._parts(date.fromisoformat(document["day"]))
        rest = timedelta(seconds=(time.monotonic() - began) * RESTS_TIMES)
        fields = {
            "parts": parts_to_fields(parts),
            "journey_count": count,
            "computed_time": now,
            "checked_time": now,
            "rest_until": now + rest,
        }
        same = {"_id": key, "changes": document["changes"]}
        with reading():
            answer = await self.database[DAYS].update_one(same, {"$set": fields, "$unset": {"changed_since": ""}})
            if not answer.matched_count:  # it has changed meanwhile, and stays marked
                newer = {"$set": {**fields, "changed_since": now}}
                await self.database[DAYS].update_one({"_id": key, "computed_time": {"$not": {"$gt": now}}}, newer)

    async def _parts(self, day: date) -> tuple[Parts, int]:
        """Count the cards of a day by their index, some hundreds at a time, in another thread."""
        parts: Parts = {}
        count = 0
        begin, until = bounds_of(day, self.zone)
        match = {"start_time": {"$gte": begin, "$lt": until}, "gone": {"$ne": True}}
        with reading(Deadline(at_most_seconds=MOST_SECONDS)):
            cursor = self.database[CARDS].find(match, {"settled": 0, "marks": 0}).batch_size(BATCH)
            while documents := await cursor.to_list(BATCH):
                await asyncio.to_thread(_add, parts, documents)
                count += len(documents)
        return parts, count


def _add(parts: Parts, documents: Sequence[Document]) -> None:
    for document in documents:
        card = card_from_document(document)
        parts.setdefault(card.trail.way[:1], Counts()).add(card)
