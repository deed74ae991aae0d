"""The time that all replicas of a service share: the database's, so that a machine whose clock is wrong does no harm.

A clock that is ten minutes off would send into quiet hours, and take a colleague's lease for one that ended. So every
process asks the database what time it is and goes by that, counting on between two questions by a clock that nobody
sets. What the database says is known to within the way there and back; the time is moved only as far as that proves it
wrong, so on a machine whose clock is right nothing moves at all.

Nobody knows which of two clocks is wrong. What must not happen at a certain time (a message in quiet hours) is asked of
both: `doubt` says how far they are apart.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from prometheus_client import CollectorRegistry, Gauge

from libs.clock import Clock
from libs.errors import OmnithreadError, dependency_unavailable
from libs.mongo.connection import CODEC, Database
from libs.mongo.deadline import Deadline, reading
from libs.patience import PATIENCE_SECONDS, patiently

ASK_SECONDS = 10.0
ANSWER_SECONDS = 2.0
TOLD_SKEW = timedelta(seconds=1)
"""A clock that is further off is told in the log, once."""
MILLISECOND = timedelta(milliseconds=1)
"""The database tells whole ones."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far from the shared time the clocks are of which one is right."""

    behind: timedelta = timedelta()
    """How much earlier it may be."""
    ahead: timedelta = timedelta()
    """How much later it may be."""


Doubts = Callable[[], Doubt]


def no_doubt() -> Doubt:
    """Say that there is one clock only."""
    return Doubt()


class SharedClock:
    """Give the database's time; before it was ever asked, the machine's."""

    def __init__(
        self, own: Clock, *, elapsed: Callable[[], float] | None = None, registry: CollectorRegistry | None = None
    ) -> None:
        """`elapsed` counts seconds from anywhere and is never set; by default it counts what was slept, too."""
        self._own = own
        self._elapsed = elapsed or _boot_seconds
        self._began, self._origin = self._elapsed(), own()
        self._moved = timedelta()
        self._was_off = False
        if registry is not None:
            skew = Gauge(
                "omnithread_clock_skew_seconds",
                "How far this machine's clock is ahead of the database's, as far as that can be known.",
                registry=registry,
            )
            skew.set_function(lambda: self.skew.total_seconds())  # noqa: PLW0108  it is another one each time

    def __call__(self) -> datetime:
        """Give the time."""
        return _whole(self._counted() + self._moved)

    @property
    def skew(self) -> timedelta:
        """How far this machine's clock is ahead of the database's."""
        return self._own() - self()

    def doubt(self) -> Doubt:
        """Say how far off it may be: as far as this machine's clock and the database's are apart."""
        skew = self.skew
        return Doubt(behind=max(-skew, timedelta()), ahead=max(skew, timedelta()))

    def heard(self, told: datetime, *, asked: float, answered: float) -> None:
        """Take in what the database said between two moments of the clock that nobody sets."""
        least = told - self._counted(answered)
        most = told + MILLISECOND - self._counted(asked)
        self._moved = min(max(self._moved, least), most)
        is_off = abs(self.skew) > TOLD_SKEW
        if is_off != self._was_off:
            self._was_off = is_off
            tell = log.warning if is_off else log.info
            tell("clock_off" if is_off else "clock_right_again", ahead_seconds=self.skew.total_seconds())

    async def ask(self, database: Database) -> bool:
        """Ask the database for the time; False where it does not answer within two seconds, or does not tell it."""
        asked = self._elapsed()
        try:
            with reading(Deadline(at_most_seconds=ANSWER_SECONDS)):
                answer = await database.command("hello", codec_options=CODEC)
        except OmnithreadError:
            return False
        told = answer.get("localTime")
        if not isinstance(told, datetime):
            return False
        self.heard(told, asked=asked, answered=self._elapsed())
        return True

    async def begin(self, database: Database, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Ask until it is told: nothing may go by a machine's clock that nobody has compared yet.

        Raises DEPENDENCY_UNAVAILABLE where that takes longer than patience lasts.
        """

        async def told() -> None:
            if not await self.ask(database):
                raise dependency_unavailable("mongodb")

        await patiently("mongodb", told, seconds=patience_seconds)

    async def keep(self, database: Database) -> None:
        """Ask again and again, until cancelled."""
        while True:
            await asyncio.sleep(ASK_SECONDS)
            await self.ask(database)

    def _counted(self, at: float | None = None) -> datetime:
        elapsed = (self._elapsed() if at is None else at) - self._began
        return self._origin + timedelta(seconds=elapsed)


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _boot_seconds() -> float:
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()
