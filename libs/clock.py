"""The time, as an argument: tests move it, services take the system's."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives an aware UTC time in whole milliseconds, which MongoDB keeps: what is read equals what was written."""


def system_clock() -> datetime:
    """Give the present time."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
