"""Prices are whole minor units of a currency somebody pays with."""

import pytest
from google.type.money_pb2 import Money as MoneyProto

from libs.money import Money, NoCurrency, NoPrice, money_to_proto, read_price


@pytest.mark.parametrize(
    ("currency_code", "units", "nanos", "minor"),
    [
        ("CHF", 89, 900_000_000, 8990),
        ("JPY", 8990, 0, 8990),
        ("KWD", 1, 234_000_000, 1234),
        ("RSD", 10, 500_000_000, 1050),
        ("EUR", 0, 0, 0),
    ],
)
def test_a_price_has_the_digits_that_iso_4217_gives_its_currency(
    currency_code: str, units: int, nanos: int, minor: int
) -> None:
    wire = MoneyProto(currency_code=currency_code, units=units, nanos=nanos)
    assert read_price(wire) == Money(minor, currency_code)
    assert money_to_proto(Money(minor, currency_code)) == wire


@pytest.mark.parametrize("currency_code", ["", "XXX", "chf", "DEM", "XAU", "CHFR"])
def test_what_nobody_pays_with_is_no_currency(currency_code: str) -> None:
    with pytest.raises(NoCurrency):
        read_price(MoneyProto(currency_code=currency_code, units=1))


@pytest.mark.parametrize(
    ("currency_code", "units", "nanos"),
    [
        ("CHF", -1, 0),
        ("CHF", 0, -10_000_000),
        ("CHF", 1, -10_000_000),
        ("CHF", 1, 1_000_000),
        ("CHF", 1, 1_000_000_000),
        ("JPY", 1, 500_000_000),
        ("KWD", 1, 234_500_000),
    ],
)
def test_a_price_is_not_negative_and_has_no_fraction_of_its_smallest_coin(
    currency_code: str, units: int, nanos: int
) -> None:
    with pytest.raises(NoPrice):
        read_price(MoneyProto(currency_code=currency_code, units=units, nanos=nanos))
