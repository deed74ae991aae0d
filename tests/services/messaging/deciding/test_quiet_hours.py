from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.deciding.quiet_hours import QuietHours

ZURICH = ZoneInfo("Europe/Zurich")


def at(day: int, hour: int, minute: int = 0, month: int = 1) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (QuietHours(22 * 60, 7 * 60), at(10, 22), at(11, 6)),
        (QuietHours(22 * 60, 7 * 60), at(10, 3), at(10, 6)),
        (QuietHours(22 * 60, 7 * 60), at(10, 6), None),
        (QuietHours(22 * 60, 7 * 60), at(10, 20, 59), None),
        (QuietHours(22 * 60, 7 * 60), at(10, 21), at(11, 6)),
        (QuietHours(12 * 60, 13 * 60), at(10, 11, 30), at(10, 12)),
        (QuietHours(12 * 60, 13 * 60), at(10, 12), None),
        (QuietHours(23 * 60, 0), at(10, 22, 30), at(10, 23)),
    ],
)
def test_quiet_ends_by_the_customers_clock(quiet: QuietHours, now: datetime, end: datetime | None) -> None:
    assert quiet.end_after(now, ZURICH) == end


def test_a_night_with_one_hour_less_still_ends_at_seven() -> None:
    assert QuietHours(22 * 60, 7 * 60).end_after(at(28, 22, month=3), ZURICH) == at(29, 5, month=3)


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    quiet = QuietHours(22 * 60, 2 * 60 + 30)
    second_time_half_past_two = at(25, 1, 30, month=10)
    assert quiet.end_after(at(25, 1, 10, month=10), ZURICH) == second_time_half_past_two
    assert quiet.end_after(second_time_half_past_two, ZURICH) is None


@given(
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
    now=st.integers(0, 366 * 1440).map(lambda minutes: at(1, 0) + timedelta(minutes=minutes)),
    zone=st.sampled_from(["Europe/Zurich", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_waiting_for_the_end_always_leads_out_of_the_quiet(start: int, end: int, now: datetime, zone: str) -> None:
    quiet = QuietHours(start, end)
    if quiet.is_always:
        return
    ends = quiet.end_after(now, ZoneInfo(zone))
    if ends is not None:
        assert now < ends
        assert (ends - now).total_seconds() <= 25 * 3600
        assert quiet.end_after(ends, ZoneInfo(zone)) is None
