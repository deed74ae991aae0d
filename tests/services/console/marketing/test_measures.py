"""How amounts and times read."""

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_CALL_CENTRE, ChannelKind
from services.console.marketing.measures import clock_time, duration, listed, moment, money, word_of


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "no time"), (1, "1 second"), (3600, "1 hour"), (93_600, "1 day 2 hours"), (90_061, "1 day 1 hour")],
)
def test_a_duration_is_told_by_its_two_largest_units(seconds: int, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (Money(currency_code="EUR", units=1234, nanos=500_000_000), "EUR 1,234.50"),
        (Money(currency_code="EUR", nanos=-50_000_000), "EUR -0.05"),
        (Money(currency_code="KWD", units=1, nanos=5_000_000), "KWD 1.005"),
    ],
)
def test_an_amount_is_told_to_its_last_digit(amount: Money, words: str) -> None:
    assert money(amount) == words


def test_minutes_times_and_lists_read_as_people_write_them() -> None:
    assert clock_time(570) == "09:30"
    assert moment(Timestamp(seconds=1_773_144_000)) == "2026-03-10 12:00 UTC"
    assert moment(Timestamp()) == ""
    assert listed(["a", "b", "c"], last="or") == "a, b or c"


def test_a_kind_from_a_newer_contract_is_told_by_its_number() -> None:
    assert word_of(ChannelKind, CHANNEL_KIND_CALL_CENTRE, "CHANNEL_KIND_") == "call centre"
    assert word_of(ChannelKind, ChannelKind.ValueType(99), "CHANNEL_KIND_") == "number 99"
