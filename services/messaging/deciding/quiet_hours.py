"""The part of each day in which a customer wants no messages, in their own time zone, also when clocks change."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60
MOST_DAYS_AHEAD = 4
"""An end comes within the next day; clocks that change, or a day that is left out, cost a few more at most."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Minutes after midnight: where the end is not above the start it is on the next day; equal is the whole day."""

    start_minute: int
    end_minute: int

    def __str__(self) -> str:
        """Write it as people do: `21:00-07:00`."""
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (self.start_minute, self.end_minute))

    @property
    def is_always(self) -> bool:
        """Whether there is no hour that is not quiet."""
        return self.start_minute == self.end_minute

    @property
    def open_for(self) -> timedelta:
        """How long it is not quiet on a day of 24 hours."""
        return timedelta(minutes=(self.start_minute - self.end_minute) % MINUTES_A_DAY)

    def reigns_at(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Say whether it is quiet by the clock of a zone."""
        local = moment.astimezone(zone)
        minute = local.hour * 60 + local.minute
        if self.start_minute < self.end_minute:
            return self.start_minute <= minute < self.end_minute
        return minute >= self.start_minute or minute < self.end_minute

    def first_within(self, start: datetime, stop: datetime, zone: ZoneInfo) -> datetime | None:
        """Give the first moment from `start` to `stop` at which it is quiet (UTC); None where none is.

        Looks at each minute, since clocks change at whole ones, and at two days at most: no quiet keeps away so long.
        """
        moment = start
        stop = min(stop, start + timedelta(days=2))
        while moment <= stop:
            if self.reigns_at(moment, zone):
                return moment
            moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return None

    def end_after(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Give when the quiet that reigns at `now` ends (UTC); None where none does. Not for quiet that never ends."""
        if not self.reigns_at(now, zone):
            return None
        today = now.astimezone(zone).date()
        for days in range(MOST_DAYS_AHEAD):
            for end in moments_of(today + timedelta(days=days), self.end_minute, zone):
                if end > now and not self.reigns_at(end, zone):
                    return end
        return now + timedelta(days=1)  # whoever looks then decides again

    def spread(self, end: datetime, spread: timedelta, zone: ZoneInfo) -> datetime:
        """Give a moment after the end of the quiet, so much later, but before it begins again."""
        while spread >= self.open_for or self.reigns_at(end + spread, zone):
            spread //= 2
        return end + spread


def moments_of(day: date, minute: int, zone: ZoneInfo) -> tuple[datetime, ...]:
    """Give when the clock of a zone shows a minute of a day (UTC): twice in the night when it is set back.

    Where the clock leaves that minute out: when it would show it, had it not been set forward.
    """
    shown = time(minute // 60 % 24, minute % 60)
    found = [datetime.combine(day, shown, tzinfo=zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    real = {moment for moment in found if moment.astimezone(zone).time() == shown}
    return tuple(sorted(real)) or (found[0],)


def next_time(minute: int, now: datetime, zone: ZoneInfo) -> datetime:
    """Give when the clock of a zone shows a minute of the day next, later than now (UTC)."""
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=days) for days in range(MOST_DAYS_AHEAD))
    moments = (moment for day in days for moment in moments_of(day, minute, zone))
    return next((moment for moment in moments if moment > now), now + timedelta(days=1))


def spread_of(message_id: str, most_seconds: int) -> timedelta:
    """Give a message's place among those that wait for the same moment: 0 to `most_seconds`, the same every time."""
    drawn = int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:8], "big")
    return timedelta(seconds=drawn % (most_seconds + 1))
