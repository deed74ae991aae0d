"""What an event means to a person who reads a journey, and the words for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.numbers import get_currency_precision
from google.protobuf.descriptor import EnumDescriptor
from google.type.money_pb2 import Money


@dataclass(frozen=True, slots=True)
class Meaning:
    """What happened, in a few words without personal data."""

    kind: int
    """A value of `TouchpointKind`."""
    summary: str
    subject: str = ""
    attributes: Sequence[tuple[str, str]] = ()
    by_company: bool = False
    """True for what is never the customer's act, whatever the channel."""
    order_placed_time: datetime | None = None
    """Of what tells of an order: when that was placed, as far as it is known."""


def lines(count: int) -> str:
    """Write how many lines there are."""
    return counted(count, "line")


def counted(count: int, what: str) -> str:
    """Write how many there are of something."""
    return f"1 {what}" if count == 1 else f"{count} {what}s"


def money(amount: Money) -> str:
    """Write an amount with its currency, as in `59.90 EUR` or `500 JPY`; exact, and the same in every language."""
    digits = f"{amount.nanos:09}".rstrip("0").ljust(get_currency_precision(amount.currency_code), "0")
    return f"{amount.units}{'.' if digits else ''}{digits} {amount.currency_code}"


def word(enum: EnumDescriptor, number: int, prefix: str) -> str:
    """Give a value's name as a word for people, `in app`; empty for the unstated and for what this version lacks."""
    value = enum.values_by_number.get(number)
    return "" if value is None or number == 0 else value.name.removeprefix(prefix).replace("_", " ").lower()
