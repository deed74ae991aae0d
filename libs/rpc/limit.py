"""How many calls a process answers at once: found out from how long they take, as TCP finds its window. Pure.

A process with one event loop does all that it can with some number of calls in flight; with more, each only waits
longer. That number depends on the machine, on MongoDB and on what is called, so it is not set but found: while calls
take about as long as they do when nothing else is going on, a quarter more is let in; when they take somewhat longer,
one more; when they take several times as long, a tenth fewer. What an overload has left of it is forgotten as soon as
calls are quick again: a low limit would turn away the next burst, which can be served.
Times are compared with those of the same method in quiet moments, so a slow method says nothing of load.
Times are a call's own, less what it waited for other services: fewer calls would not make those quicker.
"""

from dataclasses import dataclass, field
from statistics import median

LEAST_SAMPLES = 10
MOST_SAMPLES = 1000
MOST_METHODS = 500
QUIET = 2
"""With so many in flight, a call's time is that of the call alone."""
SLOW_DOWN = 0.9
SPEED_UP = 0.25
"""While calls are far from slow, so many more are let in at a time: what has just passed, a crash, left a low limit."""
LEAST_SECONDS = 0.002
"""What takes less in quiet moments is taken for this long: a tiny time is soon several times as long, by chance."""
WEIGHT = 0.05
"""Of one call in the time that a method takes in quiet moments."""


@dataclass(frozen=True, slots=True)
class LimitBounds:
    """Between what the limit may move, and when it does."""

    least: int = 8
    first: int = 48
    most: int = 256
    tolerated: float = 3.0
    """How many times as long as in quiet moments half of the calls may take."""
    late_seconds: float = 0.02
    """How much later than asked for the event loop may wake up, half of the times."""
    look_seconds: float = 0.2
    """The limit moves once in so long at most."""

    @property
    def usual(self) -> float:
        """What is let in where nothing is known yet, or nothing is the matter any more."""
        return float(max(self.least, min(self.first, self.most)))


@dataclass(slots=True)
class Limit:
    """The limit now, and what moves it."""

    bounds: LimitBounds = field(default_factory=LimitBounds)
    value: float = 0.0
    _alone: dict[str, float] = field(default_factory=dict)
    """Seconds that a method takes in quiet moments."""
    _ratios: list[float] = field(default_factory=list)
    _late: list[float] = field(default_factory=list)
    _busiest: int = 0
    _looked: float = 0.0

    def __post_init__(self) -> None:
        self.value = self.bounds.usual

    def note_late(self, seconds: float) -> None:
        """Take in that the event loop woke up so much later than asked for: what a call waits at each of its steps."""
        if len(self._late) < MOST_SAMPLES:
            self._late.append(seconds)

    def note(self, method: str, seconds: float, *, in_flight: int, now: float) -> None:
        """Take in that a call took so long of its own, with so many in flight when it came; `now` never goes back."""
        alone = self._alone.get(method)
        if alone is None:
            if len(self._alone) >= MOST_METHODS:
                return
            alone = self._alone[method] = max(seconds, 1e-6)
        elif in_flight <= QUIET:
            self._alone[method] = alone = alone + (seconds - alone) * WEIGHT
        elif seconds < alone:
            self._alone[method] = alone = max(seconds, 1e-6)  # whatever was taken for quiet was not
        if len(self._ratios) < MOST_SAMPLES:
            self._ratios.append(seconds / max(alone, LEAST_SECONDS))
        self._busiest = max(self._busiest, in_flight)
        if now - self._looked >= self.bounds.look_seconds and len(self._ratios) >= LEAST_SAMPLES:
            self._move(median(self._ratios))
            self._looked = now

    def _move(self, ratio: float) -> None:
        is_late = bool(self._late) and median(self._late) > self.bounds.late_seconds
        is_quick = ratio < self.bounds.tolerated / 2
        if ratio > self.bounds.tolerated or is_late:
            if self._busiest * 2 >= self.value:  # else it is not we who make them wait
                self.value = max(float(self.bounds.least), self.value * SLOW_DOWN)
        elif (self._busiest + 1) / self.value > 0.8:
            more = self.value * SPEED_UP if is_quick else 1.0
            self.value = min(float(self.bounds.most), self.value + max(1.0, more))
        elif is_quick and self.value < self.bounds.usual:
            self.value = min(self.bounds.usual, self.value * (1 + SPEED_UP))
        self._ratios.clear()
        self._late.clear()
        self._busiest = 0
