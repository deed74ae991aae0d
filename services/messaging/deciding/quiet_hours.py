"""The part of each day in which a customer wants no messages, in their own time zone, also when clocks change."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Minutes after midnight: where the end is not above the start it is on the next day; equal is the whole day."""

    start_minute: int
    end_minute: int

    @property
    def is_always(self) -> bool:
        """Whether there is no hour that is not quiet."""
        return self.start_minute == self.end_minute

    def end_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Give when the quiet that reigns at `now` ends (UTC); None where none does. Not for quiet that never ends."""
        local = now.astimezone(zone)
        minute = local.hour * 60 + local.minute
        over_midnight = self.end_minute <= self.start_minute
        if over_midnight and minute >= self.start_minute:
            return self._end_on(local + timedelta(days=1), now, zone)
        if minute < self.end_minute and (over_midnight or minute >= self.start_minute):
            return self._end_on(local, now, zone)
        return None

    def _end_on(self, day: datetime, now: datetime, zone: ZoneInfo) -> datetime:
        """Give the end on one local day: of two in the night when clocks go back, the one that is to come."""
        at = datetime.combine(day.date(), time(self.end_minute // 60, self.end_minute % 60), tzinfo=zone)
        first = at.astimezone(UTC)
        return first if first > now else at.replace(fold=1).astimezone(UTC)


def zone_of(name: str, default: str) -> ZoneInfo:
    """Give the customer's time zone, the default one where it was never said or nobody knows it."""
    for candidate in (name, default):
        try:
            if candidate:
                return ZoneInfo(candidate)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return ZoneInfo("UTC")
