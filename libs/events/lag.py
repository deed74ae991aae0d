"""How far a reader is behind: the oldest event that it was given and has not handled yet."""

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import Gauge

from libs.clock import Clock


class Lag:
    """Of one area for one reader. The gauge is worked out whenever somebody asks for it."""

    def __init__(self, gauge: Gauge, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[object, datetime] = {}
        gauge.set_function(self.seconds)

    def hold(self, times: Iterable[datetime]) -> object:
        """Take in the commit times of events that are to be handled together; give what `leave` is told."""
        held = object()
        oldest = min(times, default=None)
        if oldest is not None:
            self._held[held] = oldest
        return held

    def leave(self, held: object) -> None:
        """Note that they are handled, or parked; safe to repeat."""
        self._held.pop(held, None)

    def seconds(self) -> float:
        """Give the age of the oldest; 0 where nothing is held."""
        times = list(self._held.values())  # copied at once: Prometheus asks from a thread of its own
        return max(0.0, (self._clock() - min(times)).total_seconds()) if times else 0.0
