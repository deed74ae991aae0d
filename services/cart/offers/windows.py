"""When an offer counts, by the clock on a wall, also on the days on which clocks change. Pure.

A local time stands for one moment. One that a change of clocks leaves out stands for the moment of the change; of one
that comes twice, a start is the first and an end the second.
"""

import functools
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.cart.offers.values import OfferWindow

FIRST_YEAR, LAST_YEAR = 1970, 9000
MINUTES_A_DAY = 24 * 60
MOST_REMEMBERED = 8192
ONE_SECOND = timedelta(seconds=1)


def is_open(window: OfferWindow, now: datetime) -> bool:
    """Whether an offer counts at a moment; never in a time zone that there is no more."""
    if not is_zone(window.time_zone):
        return False
    if window.start_local_time and now < opening_time(window):
        return False
    if is_over(window, now):
        return False
    whole_day = window.day_start_minute == window.day_end_minute
    if whole_day and not window.weekdays:
        return True
    midnight = datetime.combine(now.astimezone(zone_of(window.time_zone)).date(), time())
    days = (midnight + timedelta(days=offset) for offset in (-1, 0, 1))
    return any(
        (not window.weekdays or day.isoweekday() in window.weekdays)
        and _moment(day + timedelta(minutes=window.day_start_minute), window.time_zone, is_end=False) <= now
        and now < _moment(day + timedelta(minutes=_end_minute(window)), window.time_zone, is_end=True)
        for day in days
    )


def is_over(window: OfferWindow, now: datetime) -> bool:
    """Whether an offer will never count again."""
    return bool(window.end_local_time) and is_zone(window.time_zone) and now >= closing_time(window)


def opening_time(window: OfferWindow) -> datetime:
    """Give the first moment of a window that has a start."""
    return _bound(window.start_local_time, window.time_zone, is_end=False)


def closing_time(window: OfferWindow) -> datetime:
    """Give the first moment after a window that has an end."""
    return _bound(window.end_local_time, window.time_zone, is_end=True)


def local_time(text: str) -> datetime | None:
    """Read `YYYY-MM-DDTHH:MM`; None where that is no time, or none between 1970 and 9000."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%dT%H:%M")  # noqa: DTZ007  a wall has no zone
    except ValueError:
        return None
    return moment if FIRST_YEAR <= moment.year < LAST_YEAR else None


def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    try:
        zone_of(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone_of(name: str) -> ZoneInfo:
    """Give a zone by its IANA name. Raises ZoneInfoNotFoundError, ValueError or OSError where there is none."""
    return ZoneInfo(name)


def _end_minute(window: OfferWindow) -> int:
    is_next_day = window.day_end_minute <= window.day_start_minute
    return window.day_end_minute + (MINUTES_A_DAY if is_next_day else 0)


@functools.lru_cache(maxsize=MOST_REMEMBERED)
def _bound(text: str, zone_name: str, *, is_end: bool) -> datetime:
    local = local_time(text)
    if local is None:
        raise ValueError("no local time")
    return _moment(local, zone_name, is_end=is_end)


@functools.lru_cache(maxsize=MOST_REMEMBERED)
def _moment(local: datetime, zone_name: str, *, is_end: bool) -> datetime:
    """Give the moment (UTC) for which a local time stands."""
    zone = zone_of(zone_name)
    moment = local.replace(tzinfo=zone, fold=1 if is_end else 0).astimezone(UTC)
    if _wall(moment, zone) == local:
        return moment
    before = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    after = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while after - before > ONE_SECOND:
        middle = (before + (after - before) / 2).replace(microsecond=0)
        if _wall(middle, zone) >= local:
            after = middle
        else:
            before = middle
    return after


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
