"""Adds the stored counts of days to a report."""

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Reports:
    """Makes reports."""

    database: Database
    zone: ZoneInfo
    behind: Behind

    async def report(self, asked: Asked) -> Report:
        """Add up the days of a window. One document for each day, read by id, and two indexed queries."""
        if asked.to_day < asked.from_day:
            raise invalid_field("to_day", "before from_day")
        if (asked.to_day - asked.from_day).days >= MOST_DAYS:
            raise invalid_field("to_day", f"more than {MOST_DAYS} days in all")
        fresh = await self.behind.freshness()
        documents = await self._documents(asked)
        counts, days = Counts(), list[tuple[str, Tally]]()
        for document in documents:
            tally = Tally()
            for first, part in parts_from_fields(document.get("parts", [])).items():
                if not asked.first or first == asked.first:
                    counts.take(part)
                    tally.take(part.journeys)
            if tally.count:
                days.append((document["day"], tally))
        changed = [document["changed_since"] for document in documents if "changed_since" in document]
        computed_time: datetime = min([fresh.computed_time, *changed])
        freshness = Freshness(computed_time, fresh.customers_behind)
        return Report(asked, counts, tuple(days), freshness, len(changed), self.zone)

    async def _documents(self, asked: Asked) -> list[Document]:
        span = range((asked.to_day - asked.from_day).days + 1)
        keys = [key_of(asked.from_day + timedelta(days=number), self.zone) for number in span]
        with reading(Deadline()):
            found = await self.database[DAYS].find({"_id": {"$in": keys}}).to_list(len(keys))
        return sorted(found, key=lambda document: str(document["day"]))
