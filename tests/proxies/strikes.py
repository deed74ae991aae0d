"""Faults that wait for their moment: which of what passes they strike, and what then happens."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

Seen = TypeVar("Seen")
PATIENCE_SECONDS = 30.0


class Point(Enum):
    """When a fault strikes."""

    BEFORE = auto()
    """The server never gets it."""
    AFTER = auto()
    """The server has carried it out and answered, and the client does not get that answer."""


async def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens at the point: `hook` first; then the connection is cut, or the client waits for ever."""

    point: Point
    cut: bool = True
    """False: nothing is said and the connection stays, as with a peer that froze."""
    hook: Callable[[], Awaitable[None]] = _nothing
    """Kill a process, cancel a call, or wait for something; the piece is held meanwhile."""
    goes_on: bool = False
    """Only the hook runs; then it is forwarded as if nothing had been."""


CUT_BEFORE = Fault(Point.BEFORE)
CUT_AFTER = Fault(Point.AFTER)
SILENT_BEFORE = Fault(Point.BEFORE, cut=False)
SILENT_AFTER = Fault(Point.AFTER, cut=False)


@dataclass(slots=True, eq=False)
class Armed(Generic[Seen]):
    """A fault that waits for the `nth` of those that match, and strikes `times` of them from there on."""

    fault: Fault
    matching: Callable[[Seen], bool]
    nth: int = 1
    times: int = 1
    passed: int = 0
    """How many have matched."""
    _struck: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def struck(self) -> bool:
        """Whether it has happened."""
        return self._struck.is_set()

    def strikes(self, seen: Seen) -> bool:
        """Count one that passes, and say whether it is struck."""
        if not self.matching(seen):
            return False
        self.passed += 1
        return self.nth <= self.passed < self.nth + self.times

    def note(self) -> None:
        """Note that it happens now: for a fault after the server's answer that is later than what it strikes."""
        self._struck.set()

    async def happens(self, limit_seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until it has happened. Raises TimeoutError."""
        await asyncio.wait_for(self._struck.wait(), limit_seconds)
