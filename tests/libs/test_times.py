"""Times keep whole milliseconds between clock, database and wire."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from libs.clock import system_clock
from libs.errors import OmnithreadError
from libs.timestamps import from_timestamp, to_timestamp


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_comes_back_as_it_went_but_for_less_than_a_millisecond(moment: datetime) -> None:
    back = from_timestamp(to_timestamp(moment))
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)
    assert from_timestamp(to_timestamp(back)) == back


def test_the_systems_time_survives_a_trip_unchanged() -> None:
    now = system_clock()
    assert now.tzinfo is UTC
    assert from_timestamp(to_timestamp(now)) == now


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    berlin = timezone(timedelta(hours=1))
    assert from_timestamp(to_timestamp(datetime(2026, 3, 1, 13, tzinfo=berlin))) == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "impossible",
    [
        Timestamp(seconds=2**62),
        Timestamp(seconds=-(2**62)),
        Timestamp(seconds=253_402_300_800),
        Timestamp(nanos=-1),
        Timestamp(nanos=2_000_000_000),
    ],
)
def test_an_impossible_time_is_refused_with_its_field(impossible: Timestamp) -> None:
    with pytest.raises(OmnithreadError) as caught:
        from_timestamp(impossible, field="issue_time")
    assert caught.value.reason == "INVALID_FIELD"
    assert caught.value.field_faults[0].field == "issue_time"
