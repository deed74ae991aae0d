"""Background work that never dies silently."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
STOP_SECONDS = 10.0
Work = tuple[str, Callable[[], Awaitable[None]]]
"""What runs in the background, with its name."""


class Background:
    """Runs loops until it is stopped; one that ends or raises is logged and started again after a growing pause."""

    def __init__(self, failed: Callable[[str], None] = lambda _: None) -> None:
        """`failed` is told the name of a loop that ended or raised."""
        self._failed = failed
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Start one loop."""
        task = asyncio.create_task(_keep_running(name, run, self._failed), name=name)
        self._tasks.add(task)

    async def stop(self, *, within_seconds: float = STOP_SECONDS) -> None:
        """Cancel all of them, and wait so long at most for them to end; those that take longer are named in the log."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=within_seconds)
            for task in late:
                structlog.get_logger(__name__).warning("background_not_stopped", part=task.get_name())
        self._tasks.clear()


async def _keep_running(name: str, run: Callable[[], Awaitable[None]], failed: Callable[[str], None]) -> None:
    log = structlog.get_logger(__name__)
    pause_seconds = FIRST_PAUSE_SECONDS
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await run()
            log.error("background_ended", part=name)
        except Exception:  # whatever it was, the work must go on
            log.exception("background_failed", part=name)
        failed(name)
        if loop.time() - began > LONGEST_PAUSE_SECONDS:
            pause_seconds = FIRST_PAUSE_SECONDS  # it worked for a while
        await asyncio.sleep(pause_seconds)
        pause_seconds = min(LONGEST_PAUSE_SECONDS, pause_seconds * 2)
