"""How numbers, times and lists read."""

from google.protobuf.timestamp_pb2 import Timestamp

from omnithread.common.v1.channel_pb2 import ChannelKind
from services.console.marketing.measures import clock_time, count, listed, moment, name_of


def test_minutes_times_numbers_and_lists_read_as_people_write_them() -> None:
    assert clock_time(570) == "09:30"
    assert moment(Timestamp(seconds=1_773_144_000)) == "2026-03-10 12:00 UTC"
    assert moment(Timestamp()) == ""
    assert (count(1, "day"), count(1200, "order")) == ("1 day", "1,200 orders")
    assert listed(["a", "b", "c"], last="or") == "a, b or c"


def test_a_kind_from_a_newer_contract_is_told_by_its_number() -> None:
    assert name_of(ChannelKind, ChannelKind.ValueType(99), "CHANNEL_KIND_") == "NUMBER_99"
