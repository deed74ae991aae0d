"""Which days have to be counted anew: their documents are told whenever a card of theirs changes.

A day is one of the company's clock, and belongs to a journey by when that began.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from libs.clock import Clock
from libs.mongo.bulk import Update, write
from libs.mongo.connection import Database, Document
from libs.mongo.migrate import Index

DAYS = "journey_days"
"""One document for each day on which journeys began. Nothing in it is of a person."""
KEPT = timedelta(days=1100)
DAY_INDEXES = (
    Index(DAYS, (("changed_since", 1),), sparse=True),
    Index(DAYS, (("checked_time", 1),), sparse=True),
    Index(DAYS, (("expire_time", 1),), expire_after_seconds=0),
)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Give the day of a moment by the company's clock."""
    return moment.astimezone(zone).date()


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give when a day begins, and when the next one does."""
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def key_of(day: date, zone: ZoneInfo) -> str:
    """Give the `_id` of a day's document: where the company moves to another zone, its days are others."""
    return f"{zone.key} {day.isoformat()}"


def keys_in(zone: ZoneInfo) -> Document:
    """Give the condition on `_id` of the documents of all days by one clock."""
    return {"$gte": f"{zone.key} ", "$lt": f"{zone.key}!"}


@dataclass(frozen=True, slots=True)
class DayMarks:
    """Marks days."""

    database: Database
    zone: ZoneInfo
    clock: Clock

    async def mark(self, start_times: Iterable[datetime]) -> None:
        """Say that journeys which begin at these times have changed. One write for all; none for none."""
        days = sorted({day_of(moment, self.zone) for moment in start_times})
        now = self.clock()
        await write(self.database[DAYS], [self._mark(day, now) for day in days])

    def _mark(self, day: date, now: datetime) -> Update:
        change = {
            "$inc": {"changes": 1},
            "$min": {"changed_since": now},
            "$setOnInsert": {"day": day.isoformat(), "expire_time": bounds_of(day, self.zone)[0] + KEPT},
        }
        return Update({"_id": key_of(day, self.zone)}, change, upsert=True)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
