"""How numbers, times and lists read in a sentence, beside the filters of all pages."""

from collections.abc import Iterable
from datetime import UTC
from typing import Protocol, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

Value_contra = TypeVar("Value_contra", contravariant=True)


class Enumeration(Protocol[Value_contra]):
    """An enumeration of the contract."""

    def Name(self, number: Value_contra) -> str:  # noqa: N802  protobuf's name
        """Give the name of a value. Raises ValueError."""
        ...


def count(number: int, word: str) -> str:
    """`1 day`, `2 days`, `1,200 orders`."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def clock_time(minute: int) -> str:
    """A minute after midnight as on a clock: `09:30`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def moment(time: Timestamp) -> str:
    """`2026-03-10 12:00 UTC`; empty where there is no time."""
    return f"{time.ToDatetime(tzinfo=UTC):%Y-%m-%d %H:%M} UTC" if time.ByteSize() else ""


def name_of(enum: Enumeration[Value_contra], value: Value_contra, prefix: str) -> str:
    """The name of a value without its prefix; a value from a newer contract as `NUMBER_31`."""
    try:
        return enum.Name(value).removeprefix(prefix)
    except ValueError:
        return f"NUMBER_{value}"


def listed(words: Iterable[str], *, last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    found = list(words)
    return " ".join((", ".join(found[:-1]), last, found[-1])) if len(found) > 1 else "".join(found)
