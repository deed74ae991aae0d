"""Lets messages go to a provider at its pace, each in the place in which it first came. Pure but for its count.

A message that has to wait is given its turn at once, and keeps it: what comes later is after it. One rate for each
provider and replica, so an installation with three replicas gives each a third of what the provider allows.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MOST_TURNS = 10_000
"""So many messages have a place in the queue; those beyond are told to come when it has moved on."""
FORGOTTEN_AFTER = timedelta(minutes=1)
"""A turn that nobody took is somebody else's by then."""


@dataclass(slots=True)
class Turns:
    """A token bucket that knows who waits."""

    per_second: float
    """How many may go in a second; 0 for no limit."""
    burst: int = 1
    """How many may go at once after a pause."""
    _next: datetime | None = None
    _given: OrderedDict[str, datetime] = field(default_factory=OrderedDict)

    @property
    def waiting(self) -> int:
        """How many have a turn and have not come yet."""
        return len(self._given)

    def take(self, key: str, now: datetime) -> datetime | None:
        """Let a message go now (None), or say when its turn is."""
        if self.per_second <= 0:
            return None
        self._forget(now)
        turn = self._given.get(key)
        if turn is not None:
            if turn > now:
                return turn
            del self._given[key]
            return None
        step = timedelta(seconds=1 / self.per_second)
        earliest = now - step * (self.burst - 1)
        turn = max(self._next or earliest, earliest)
        if turn <= now:
            self._next = turn + step
            return None
        if len(self._given) >= MOST_TURNS:
            return turn
        self._next = turn + step
        self._given[key] = turn
        return turn

    def _forget(self, now: datetime) -> None:
        while self._given:
            key, turn = next(iter(self._given.items()))
            if turn > now - FORGOTTEN_AFTER:
                return
            del self._given[key]
