"""The last seconds of a process: how much time is left for each step, and how long each one took."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

LEAST_SECONDS = 0.1
"""What a step gets at the least, however little is left: enough for what only has to be told to end."""


class Ending:
    """One budget for all steps of a stop: what one of them does not need, the next ones have."""

    def __init__(self, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`seconds` are for all steps that ask `left`, from `begin` on."""
        self._seconds = seconds
        self._clock = clock
        self._until: float | None = None
        self._took: dict[str, float] = {}

    def begin(self) -> None:
        """Count from now. Where a start failed nobody calls it, and every step may take its most."""
        self._until = self._clock() + self._seconds

    def left(self, most_seconds: float, *, keep_seconds: float = 0.0) -> float:
        """Give what a step may take that begins now: its most, or what is left beside what later ones need."""
        if self._until is None:
            return most_seconds
        return min(most_seconds, max(LEAST_SECONDS, self._until - keep_seconds - self._clock()))

    async def step(self, name: str, run: Callable[[], Awaitable[object]]) -> None:
        """Take one step, and note how long it took."""
        began = self._clock()
        try:
            await run()
        finally:
            self._took[name] = round(self._clock() - began, 3)

    def tell(self) -> None:
        """Log what a stop took, step by step, where there was one."""
        if self._until is not None:
            structlog.get_logger(__name__).info("stopped", seconds=self._took)


async def at_most(seconds: float, work: Awaitable[None], *, else_says: str) -> None:
    """Wait so long for something to end; what takes longer goes on by itself, and is told as a warning."""
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if done:
        task.result()
    else:
        structlog.get_logger(__name__).warning(else_says, waited_seconds=seconds)
