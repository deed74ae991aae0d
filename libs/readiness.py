"""Whether the service can do its work: asked every second, forgiving a blink.

Only MongoDB counts. While Kafka is away, events wait in the database and every call is still answered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.deadline import Deadline, reading

EVERY_SECONDS = 1.0
ANSWER_SECONDS = 2.0
FAILURES_IN_A_ROW = 3


class Tell(Protocol):
    """Takes in whether new calls are welcome."""

    def __call__(self, *, serving: bool) -> Awaitable[None]:
        """Take it in."""


class Readiness:
    """Tells `tell` when the service becomes ready or stops being so."""

    def __init__(
        self,
        *,
        answers: Callable[[], Awaitable[bool]],
        tell: Tell,
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._answers = answers
        self._tell = tell
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Ask until cancelled; the service was told ready before."""
        failures = 0
        while True:
            await asyncio.sleep(self._every_seconds)
            if await self._answers():
                if failures >= FAILURES_IN_A_ROW:
                    structlog.get_logger(__name__).info("ready_again")
                    await self._tell(serving=True)
                failures = 0
                continue
            failures += 1
            if failures == FAILURES_IN_A_ROW:
                structlog.get_logger(__name__).warning("not_ready", missing="mongodb")
                await self._tell(serving=False)


async def mongo_answers(database: Database) -> bool:
    """Ask MongoDB whether it is there; it has two seconds."""
    try:
        with reading(Deadline(at_most_seconds=ANSWER_SECONDS)):
            await database.command("ping")
    except OmnithreadError:
        return False
    return True
