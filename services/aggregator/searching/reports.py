"""Adds the stored counts of days to a report.

A busy day's counts are thousands of numbers, and a year has many days: they are read a few at a time and added in
another thread, so that nobody else waits for it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from libs.errors import invalid_field
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline, reading
from services.aggregator.searching.behind import Behind, Freshness
from services.aggregator.searching.counts import Counts, Tally
from services.aggregator.searching.day_fields import parts_from_fields
from services.aggregator.searching.day_marks import DAYS, key_of

MOST_DAYS = 366
AT_ONCE = 2
"""So many reports a process makes at a time; the others wait."""
READ_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """Of what a report is wanted."""

    from_day: date
    to_day: date
    """The last one."""
    first: str = ""
    """The letter of the kind of channel on which the journeys began; empty for all."""
    goal_id: str = ""
    """Empty for any goal."""
    max_rows: int = 50


@dataclass(frozen=True, slots=True)
class Report:
    """What was counted."""

    asked: Asked
    counts: Counts
    days: tuple[tuple[str, Tally], ...]
    freshness: Freshness
    days_behind: int
    zone: ZoneInfo


@dataclass(slots=True)
class Sum:
    """What was added so far."""

    asked: Asked
    counts: Counts = field(default_factory=Counts)
    days: list[tuple[str, Tally]] = field(default_factory=list)
    changed: list[datetime] = field(default_factory=list)
    """Since when days wait to be counted anew."""

    def add(self, documents: Sequence[Document]) -> None:
        """Add some days."""
        for document in documents:
            tally = Tally()
            for first, part in parts_from_fields(document.get("parts", [])).items():
                if not self.asked.first or first == self.asked.first:
                    self.counts.take(part)
                    tally.take(part.journeys)
            if tally.count:
                self.days.append((document["day"], tally))
            if "changed_since" in document:
                self.changed.append(document["changed_since"])


@dataclass(frozen=True, slots=True)
class Reports:
    """Makes reports."""

    database: Database
    zone: ZoneInfo
    behind: Behind
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def report(self, asked: Asked) -> Report:
        """Add up the days of a window. One document for each day, read by id, and two indexed queries."""
        if asked.to_day < asked.from_day:
            raise invalid_field("to_day", "before from_day")
        if (asked.to_day - asked.from_day).days >= MOST_DAYS:
            raise invalid_field("to_day", f"more than {MOST_DAYS} days in all")
        async with self.slots:
            fresh = await self.behind.freshness()
            found = await self._sum(asked)
        computed_time: datetime = min([fresh.computed_time, *found.changed])
        freshness = Freshness(computed_time, fresh.customers_behind)
        return Report(asked, found.counts, tuple(found.days), freshness, len(found.changed), self.zone)

    async def _sum(self, asked: Asked) -> Sum:
        span = range((asked.to_day - asked.from_day).days + 1)
        keys = [key_of(asked.from_day + timedelta(days=number), self.zone) for number in span]
        found = Sum(asked)
        with reading(Deadline()):
            cursor = self.database[DAYS].find({"_id": {"$in": keys}}).sort("_id", 1).batch_size(READ_AT_ONCE)
            while documents := await cursor.to_list(READ_AT_ONCE):
                await asyncio.to_thread(found.add, documents)
        return found
