"""How the caller's time is shared: each step gets a part of what is left, and some always stays for the answer."""

import asyncio
from dataclasses import dataclass

RESERVE_SHARE = 0.1
MOST_RESERVE_SECONDS = 0.1
LEAST_SECONDS = 0.005
"""A step gets at least this: a timeout of 0 would not even be an attempt."""


@dataclass(frozen=True, slots=True)
class Budget:
    """The time until this answer has to be on its way."""

    until: float
    """On the event loop's clock."""

    @classmethod
    def of_call(cls, remaining_seconds: float | None, *, most_seconds: float) -> "Budget":
        """Take what the caller has left, at most `most_seconds`, less a reserve for the answer itself."""
        seconds = most_seconds if remaining_seconds is None else min(remaining_seconds, most_seconds)
        reserve = min(seconds * RESERVE_SHARE, MOST_RESERVE_SECONDS)
        return cls(until=asyncio.get_running_loop().time() + seconds - reserve)

    @property
    def left_seconds(self) -> float:
        """What is left, never below 0."""
        return max(0.0, self.until - asyncio.get_running_loop().time())

    def share_seconds(self, share: float) -> float:
        """Give a share of what is left, as a timeout for one step."""
        return max(LEAST_SECONDS, self.left_seconds * share)

    def part(self, share: float) -> "Budget":
        """Give a share of what is left, as a budget of its own."""
        return Budget(until=asyncio.get_running_loop().time() + self.left_seconds * share)
