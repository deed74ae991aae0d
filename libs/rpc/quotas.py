"""How often one channel may call: so many calls a second, with a burst, and so many a day.

Counted by each service and replica for itself, in memory: three replicas let a channel through three times as often,
and a restart forgets the day's count. That is a guard against a channel gone wild, not a bill.
The suite's own services are not counted, and no call that one of them passes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from libs.clock import Clock
from libs.errors import OmnithreadError, rate_limited
from libs.rpc.call import Caller

DAY_SECONDS = 86_400
LONGEST_RETRY_SECONDS = 3600.0
"""A day's quota that is used up says no more than this: whoever waits so long may ask again how things stand."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How often a channel may call."""

    calls_per_second: float = 0.0
    """In the long run; 0 is without limit."""
    burst: int = 0
    """How many calls may come at once after a while of silence; 0 is two seconds' worth."""
    calls_per_day: int = 0
    """Between one midnight of UTC and the next; 0 is without limit."""

    @property
    def most_at_once(self) -> float:
        """How many calls may come at once."""
        return float(self.burst or max(1.0, 2 * self.calls_per_second))


UNLIMITED = Allowance()


def _nobody_counts(_limit: str) -> None:
    pass


@dataclass(slots=True)
class Used:
    """What a channel has used of its allowance."""

    left: float
    """Calls that may come at once now."""
    seen: float
    """When that was worked out, in seconds since 1970."""
    day: int
    """Which day is counted, in days since 1970."""
    today: int = 0

    def take(self, allowance: Allowance, now: float, *, is_urgent: bool) -> OmnithreadError | None:
        """Count one call, or say why it may not be made."""
        day = int(now // DAY_SECONDS)
        if day != self.day:
            self.day, self.today = day, 0
        if allowance.calls_per_day and self.today >= allowance.calls_per_day and not is_urgent:
            rest = (day + 1) * DAY_SECONDS - now
            return rate_limited("calls_per_day", retry_seconds=min(rest, LONGEST_RETRY_SECONDS))
        if allowance.calls_per_second:
            since = max(0.0, now - self.seen)  # a clock that was set back gives nothing
            self.left = min(allowance.most_at_once, self.left + since * allowance.calls_per_second)
            self.seen = now
            if self.left < 1:
                return rate_limited("calls_per_second", retry_seconds=(1 - self.left) / allowance.calls_per_second)
            self.left -= 1
        self.today += 1
        return None


class Quotas:
    """Counts the calls of each registered channel: never more counters than there have been channels."""

    def __init__(
        self,
        *,
        usual: Allowance,
        own: Callable[[], Mapping[str, Allowance]],
        clock: Clock,
        on_limited: Callable[[str], None] = _nobody_counts,
    ) -> None:
        """`own` gives the allowances of channels that have another than the `usual` one, as they are now.

        `on_limited` is told the limit by which a call is turned away.
        """
        self._on_limited = on_limited
        self._usual = usual
        self._own = own
        self._now: Callable[[], float] = lambda: clock().timestamp()
        self._used: dict[str, Used] = {}

    def take(self, caller: Caller, *, is_urgent: bool = False) -> OmnithreadError | None:
        """Count one call of a channel, or say why it may not be made (RATE_LIMITED). Services are not counted.

        What `is_urgent` is counted, and not refused because a day is used up: an opt-out cannot wait until midnight.
        """
        if caller.service:
            return None
        allowance = self._own().get(caller.channel_id, self._usual)
        if allowance == UNLIMITED:
            return None
        now = self._now()
        used = self._used.get(caller.channel_id)
        if used is None:
            used = Used(left=allowance.most_at_once, seen=now, day=int(now // DAY_SECONDS))
            self._used[caller.channel_id] = used
        refusal = used.take(allowance, now, is_urgent=is_urgent)
        if refusal is not None:
            self._on_limited(refusal.metadata["limit"])
        return refusal
