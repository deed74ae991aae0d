"""Writes sums of orders in the contract's words."""

from collections import Counter

from google.type.money_pb2 import Money

from services.aggregator.searching.trails import NANOS


def totals_to_proto(totals: Counter[str], *, most: int) -> list[Money]:
    """Write what was ordered, by currency."""
    largest = dict(totals.most_common(most))
    return [
        Money(currency_code=currency_code, units=_units(nanos), nanos=nanos - _units(nanos) * NANOS)
        for currency_code, nanos in sorted(largest.items())
    ]


def _units(nanos: int) -> int:
    return nanos // NANOS if nanos >= 0 else -(-nanos // NANOS)
