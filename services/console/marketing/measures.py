"""How amounts, times and names of enumerations read in a sentence."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money

UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))
NANOS = 10**9
SPECIAL = {"EMAIL": "e-mail", "SMS": "SMS", "IN_APP": "in-app inbox", "AD_AUDIENCE": "ad audience", "WEB": "web shop"}


Value_contra = TypeVar("Value_contra", contravariant=True)


class Enumeration(Protocol[Value_contra]):
    """An enumeration of the contract."""

    def Name(self, number: Value_contra) -> str:  # noqa: N802  protobuf's name
        """Give the name of a value. Raises ValueError."""
        ...


def count(number: int, word: str) -> str:
    """`1 day`, `2 days`, `1,200 orders`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def duration(seconds: int) -> str:
    """The two largest units, exactly or rounded down: `1 day 2 hours`; `no time` for 0."""
    parts: list[str] = []
    for size, word in UNITS:
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(count(number, word))
        if len(parts) == 2:
            break
    return " ".join(parts) or "no time"


def clock_time(minute: int) -> str:
    """A minute after midnight as on a clock: `09:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def money(amount: Money) -> str:
    """`EUR 1,234.50`; digits as the amount has them, at least none and as a rule two."""
    cents, rest = divmod(abs(amount.nanos), NANOS // 100)
    sign = "-" if amount.units < 0 or amount.nanos < 0 else ""
    fraction = f".{cents:02}" if not rest else f".{abs(amount.nanos):09}".rstrip("0")
    return f"{amount.currency_code} {sign}{abs(amount.units):,}{fraction}"


def day(time: Timestamp) -> str:
    """`2026-03-10`, in UTC; empty where there is no time."""
    return f"{_utc(time):%Y-%m-%d}" if time.ByteSize() else ""


def moment(time: Timestamp) -> str:
    """`2026-03-10 12:00 UTC`; empty where there is no time."""
    return f"{_utc(time):%Y-%m-%d %H:%M} UTC" if time.ByteSize() else ""


def name_of(enum: Enumeration[Value_contra], value: Value_contra, prefix: str) -> str:
    """The name of a value without its prefix; a value from a newer contract as `NUMBER_31`."""
    try:
        return enum.Name(value).removeprefix(prefix)
    except ValueError:
        return f"NUMBER_{value}"


def word_of(enum: Enumeration[Value_contra], value: Value_contra, prefix: str) -> str:
    """The same as it reads in a sentence: `call centre`, `e-mail`."""
    name = name_of(enum, value, prefix)
    return SPECIAL.get(name) or name.replace("_", " ").lower()


def listed(words: Iterable[str], *, last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    found = list(words)
    return " ".join((", ".join(found[:-1]), last, found[-1])) if len(found) > 1 else "".join(found)


def _utc(time: Timestamp) -> datetime:
    return time.ToDatetime(tzinfo=UTC)
