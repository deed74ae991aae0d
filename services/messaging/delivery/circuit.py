"""Leaves a provider alone that fails again and again, and tries it with one message after a while.

One circuit for each provider and replica: what a replica has not seen itself it finds out within a few tries.
"""

import enum
import random
from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_OPEN = timedelta(minutes=10)
MOST_DOUBLINGS = 10


class CircuitState(enum.StrEnum):
    """Whether a provider is asked, by the contract's names."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    HALF_OPEN = "HALF_OPEN"


@dataclass(slots=True)
class Circuit:
    """Counts what became of handing over, one after the other."""

    most_failures: int
    """So many in a row open it."""
    open_for: timedelta
    """The first time; twice as long each time that the probe fails, at most 10 minutes."""
    random: random.Random
    failures: int = 0
    _reopened: int = 0
    _open_until: datetime | None = None
    _probe_until: datetime | None = None

    def state(self, now: datetime) -> CircuitState:
        """Say how it stands."""
        if self._open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self._open_until else CircuitState.HALF_OPEN

    def retry_time(self, now: datetime) -> datetime | None:
        """Say when it is worth asking again; None where it is open to all."""
        if self._open_until is None:
            return None
        if now < self._open_until:
            return self._open_until
        return self._probe_until if self._probe_until is not None and now < self._probe_until else None

    def admit(self, now: datetime) -> datetime | None:
        """Let a message through (None), or say when it may come again: those who wait are spread over that while again.

        While half open, one is let through; if nothing is heard of it for as long as the circuit was open, another.
        """
        until = self.retry_time(now)
        if until is None:
            if self._open_until is not None:
                self._probe_until = now + self._pause()
            return None
        return until + (until - now) * self.random.random()

    def succeeded(self) -> None:
        """Note that the provider answered, whatever it said about the one message."""
        self.failures = self._reopened = 0
        self._open_until = self._probe_until = None

    def failed(self, now: datetime) -> None:
        """Note that it did not."""
        self.failures += 1
        if self._open_until is not None:
            if now < self._open_until:
                return  # one that was under way when it opened
            self._reopened += 1
        elif self.failures < self.most_failures:
            return
        self._open_until, self._probe_until = now + self._pause(), None

    def _pause(self) -> timedelta:
        doubled: timedelta = self.open_for * (1 << min(self._reopened, MOST_DOUBLINGS))
        return min(doubled, max(LONGEST_OPEN, self.open_for))
