"""Money as whole minor units (cents): sums of it are exact.

How many digits a currency has is what ISO 4217 says. CLDR, and with it Babel, differs for 13 currencies (RSD, IQD ...):
there it has what people still write, while prices come from systems that keep to ISO 4217.
"""

import functools
from dataclasses import dataclass

from babel.core import get_global
from google.type.money_pb2 import Money as MoneyProto

NANOS_PER_UNIT = 10**9
WITHOUT_DIGITS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
WITH_THREE_DIGITS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


class NoCurrency(ValueError):
    """The code is no currency with which somebody pays today."""


class NoPrice(ValueError):
    """It is negative, has more digits than the currency, or its units and nanos disagree."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency."""

    minor: int
    currency_code: str

    def times(self, quantity: int) -> "Money":
        """Give the price of `quantity` pieces."""
        return Money(self.minor * quantity, self.currency_code)


def read_price(money: MoneyProto) -> Money:
    """Read a price: a known currency, not negative, with no more digits than that has. Raises NoCurrency, NoPrice."""
    if money.currency_code not in _currencies_in_use():
        raise NoCurrency(money.currency_code)
    digits = _digits(money.currency_code)
    nanos_per_minor = NANOS_PER_UNIT // 10**digits
    if money.units < 0 or not 0 <= money.nanos < NANOS_PER_UNIT or money.nanos % nanos_per_minor:
        raise NoPrice(money.currency_code)
    return Money(money.units * 10**digits + money.nanos // nanos_per_minor, money.currency_code)


def money_to_proto(money: Money) -> MoneyProto:
    """Write an amount as units and nanos, also one in a currency that has gone out of use since."""
    digits = _digits(money.currency_code)
    units, rest = divmod(money.minor, 10**digits)
    return MoneyProto(currency_code=money.currency_code, units=units, nanos=rest * NANOS_PER_UNIT // 10**digits)


def _digits(currency_code: str) -> int:
    if currency_code in WITHOUT_DIGITS:
        return 0
    return 3 if currency_code in WITH_THREE_DIGITS else 2


@functools.cache
def _currencies_in_use() -> frozenset[str]:
    """Give the codes with which somebody pays somewhere today."""
    used = get_global("territory_currencies").values()
    return frozenset(
        code for territory in used for code, _start, end, is_tender in territory if end is None and is_tender
    )
