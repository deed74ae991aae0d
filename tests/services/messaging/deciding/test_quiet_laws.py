"""Laws of quiet hours, in every time zone there is, on days when clocks change and on days that were left out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.messaging.deciding.quiet_hours import QuietHours, moments_of, next_time, spread_of

ZONES = sorted(available_timezones() - {"localtime"})
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
minutes = st.integers(0, 1439)
quiet_hours = st.builds(QuietHours, minutes, minutes).filter(lambda quiet: not quiet.is_always)
moments = st.integers(0, 85 * 366 * 1440).map(lambda count: datetime(1975, 1, 1, tzinfo=UTC) + count * MINUTE)
zones = st.sampled_from(ZONES).map(ZoneInfo)


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def is_quiet(quiet: QuietHours, moment: datetime, zone: ZoneInfo) -> bool:
    """Said otherwise than the code does: walk from the start of the quiet to its end, minute by minute of the clock."""
    local = moment.astimezone(zone)
    length = (quiet.end_minute - quiet.start_minute) % 1440
    return (local.hour * 60 + local.minute - quiet.start_minute) % 1440 < length


@given(quiet=quiet_hours, now=moments, zone=zones, message_id=st.text(max_size=8), most=st.integers(0, 3600))
@example(QuietHours(1320, 420), at(2011, 12, 30, 9, 30), ZoneInfo("Pacific/Apia"), "a", 600)  # a day was left out
@example(QuietHours(1320, 150), at(2026, 10, 25, 0, 20), ZoneInfo("Europe/Zurich"), "a", 600)  # an hour comes twice
@example(QuietHours(60, 150), at(2026, 3, 29, 0, 20), ZoneInfo("Europe/Zurich"), "a", 600)  # the end is left out
@example(QuietHours(105, 120), at(2026, 4, 4, 15, 0), ZoneInfo("Australia/Lord_Howe"), "a", 600)  # half an hour twice
@example(QuietHours(0, 1439), at(2026, 4, 4, 15, 0), ZoneInfo("Asia/Kathmandu"), "a", 3600)  # one minute is open
def test_what_waited_is_never_sent_in_quiet_hours_by_the_customers_clock_and_the_wait_ends(
    quiet: QuietHours, now: datetime, zone: ZoneInfo, message_id: str, most: int
) -> None:
    end = quiet.end_after(now, zone)
    assert (end is None) == (not is_quiet(quiet, now, zone))
    if end is not None:
        sent = quiet.spread(end, spread_of(message_id, most), zone)
        assert now < end <= sent <= now + 3 * DAY
        assert sent - end <= timedelta(seconds=most)
        assert not is_quiet(quiet, sent, zone)


@given(minute=minutes, now=moments, zone=zones)
def test_a_clock_shows_every_minute_again_within_days(minute: int, now: datetime, zone: ZoneInfo) -> None:
    found = next_time(minute, now, zone)
    assert now < found <= now + 3 * DAY


@given(minute=minutes, now=moments, zone=zones)
def test_a_minute_of_a_day_comes_at_most_twice_and_is_what_the_clock_shows(
    minute: int, now: datetime, zone: ZoneInfo
) -> None:
    found = moments_of(now.date(), minute, zone)
    assert 1 <= len(found) <= 2
    if len(found) == 2:
        assert {(moment.astimezone(zone).hour, moment.astimezone(zone).minute) for moment in found} == {
            (minute // 60, minute % 60)
        }


@pytest.mark.parametrize("most", [0, 1, 600])
def test_a_thousand_messages_that_wait_for_one_hour_are_spread_and_each_keeps_its_place(most: int) -> None:
    places = [spread_of(f"msg_{number}", most) for number in range(1000)]
    assert places == [spread_of(f"msg_{number}", most) for number in range(1000)]
    assert {timedelta(0) <= place <= timedelta(seconds=most) for place in places} == {True}
    assert len(set(places)) > most * 0.7
