"""When an offer counts, on ordinary days and on those on which clocks change."""

import functools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cart.offers.values import OfferWindow
from services.cart.offers.windows import closing_time, is_open, is_over, opening_time

BERLIN, ST_JOHNS, LORD_HOWE, APIA = "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
CHANGES = [
    (BERLIN, date(2026, 3, 29)),
    (BERLIN, date(2026, 10, 25)),
    (ST_JOHNS, date(2010, 11, 7)),  # at one minute past midnight, back into the day before
    (ST_JOHNS, date(2010, 3, 14)),
    (LORD_HOWE, date(2026, 4, 5)),  # half an hour
    (LORD_HOWE, date(2026, 10, 4)),
    (APIA, date(2011, 12, 30)),  # a day that never was
    ("America/Sao_Paulo", date(2018, 11, 4)),  # midnight itself is left out
    ("UTC", date(2026, 1, 1)),
]


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "local", "start", "end"),
    [
        (BERLIN, "2026-07-01T00:00", "2026-06-30T22:00", "2026-06-30T22:00"),
        (BERLIN, "2026-03-29T02:30", "2026-03-29T01:00", "2026-03-29T01:00"),  # left out: the moment of the change
        (BERLIN, "2026-10-25T02:30", "2026-10-25T00:30", "2026-10-25T01:30"),  # twice: the first, and the second
        (ST_JOHNS, "2010-11-06T23:30", "2010-11-07T02:00", "2010-11-07T03:00"),
        (LORD_HOWE, "2026-10-04T02:15", "2026-10-03T15:30", "2026-10-03T15:30"),
        (LORD_HOWE, "2026-04-05T01:45", "2026-04-04T14:45", "2026-04-04T15:15"),
        (APIA, "2011-12-30T15:00", "2011-12-30T10:00", "2011-12-30T10:00"),
    ],
)
def test_a_local_time_stands_for_one_moment(zone: str, local: str, start: str, end: str) -> None:
    window = OfferWindow(zone, start_local_time=local, end_local_time=local)
    assert (opening_time(window), closing_time(window)) == (utc(start), utc(end))


def test_an_offer_counts_from_its_first_moment_until_before_its_end() -> None:
    window = OfferWindow(BERLIN, "2026-11-27T00:00", "2026-11-28T00:00")
    first, end = utc("2026-11-26T23:00"), utc("2026-11-27T23:00")
    assert [is_open(window, moment) for moment in (first - MINUTE, first, end - MINUTE, end)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_happy_hour_over_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    friday_night = OfferWindow(BERLIN, weekdays=frozenset({5}), day_start_minute=22 * 60, day_end_minute=2 * 60)
    assert is_open(friday_night, utc("2026-07-03T20:30"))  # Friday, 22:30
    assert is_open(friday_night, utc("2026-07-03T23:30"))  # Saturday, 01:30
    assert not is_open(friday_night, utc("2026-07-02T23:30"))  # Friday, 01:30
    assert not is_open(friday_night, utc("2026-07-04T20:30"))  # Saturday, 22:30


def test_a_day_that_a_country_skipped_has_no_offer() -> None:
    friday = OfferWindow(APIA, weekdays=frozenset({5}))
    week = [utc("2011-12-26T00:00") + timedelta(hours=hours) for hours in range(7 * 24)]
    assert not any(is_open(friday, moment) for moment in week)


def test_in_a_time_zone_that_an_update_took_away_nothing_counts_and_nothing_fails() -> None:
    window = OfferWindow("Europe/Atlantis", "2026-01-01T00:00", "2027-01-01T00:00", frozenset({1}))
    assert (is_open(window, utc("2026-07-06T12:00")), is_over(window, utc("2028-01-01T00:00"))) == (False, False)


@settings(deadline=None)
@given(
    change=st.sampled_from(CHANGES),
    weekdays=st.frozensets(st.integers(1, 7), max_size=3),
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
    minute=st.integers(-36 * 60, 60 * 60),
)
def test_each_minute_agrees_with_a_look_at_the_wall(
    change: tuple[str, date], weekdays: frozenset[int], start: int, end: int, minute: int
) -> None:
    zone_name, day = change
    window = OfferWindow(zone_name, weekdays=weekdays, day_start_minute=start, day_end_minute=end)
    now = datetime.combine(day, time(), UTC) + minute * MINUTE
    assert is_open(window, now) == open_by_the_wall(window, now, wall_at(zone_name, day))


class Wall:
    """What a clock on a wall shows, minute by minute, in the week before and after a day."""

    def __init__(self, zone_name: str, day: date) -> None:
        begin, zone = datetime.combine(day, time(), UTC) - 7 * DAY, ZoneInfo(zone_name)
        self.showing: dict[datetime, list[datetime]] = {}
        for moment in (begin + minutes * MINUTE for minutes in range(14 * 24 * 60)):
            self.showing.setdefault(moment.astimezone(zone).replace(tzinfo=None), []).append(moment)

    def moment(self, local: datetime, *, is_end: bool) -> datetime:
        """The minute at which it shows a time; of two the first, or as an end the second; else the next one shown."""
        while local not in self.showing:
            local += MINUTE
        return self.showing[local][-1 if is_end else 0]


@functools.cache
def wall_at(zone_name: str, day: date) -> Wall:
    return Wall(zone_name, day)


def open_by_the_wall(window: OfferWindow, now: datetime, wall: Wall) -> bool:
    if window.day_start_minute == window.day_end_minute and not window.weekdays:
        return True
    near = now.date()
    for day in (near + offset * DAY for offset in (-2, -1, 0, 1, 2)):
        midnight = datetime.combine(day, time())
        until = window.day_end_minute + (24 * 60 if window.day_end_minute <= window.day_start_minute else 0)
        begin = wall.moment(midnight + window.day_start_minute * MINUTE, is_end=False)
        end = wall.moment(midnight + until * MINUTE, is_end=True)
        if (not window.weekdays or day.isoweekday() in window.weekdays) and begin <= now < end:
            return True
    return False
