"""Keeping what was claimed for a short time, for as long as the work on it takes.

So what a process had claimed that was killed is free within seconds, however long such work may take.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from libs.errors import OmnithreadError


@asynccontextmanager
async def renewed(renew: Callable[[], Awaitable[object]], *, every_seconds: float) -> AsyncIterator[None]:
    """Call `renew` again and again while inside; where the database does not answer, the next call may go better."""

    async def go_on() -> None:
        while True:
            await asyncio.sleep(every_seconds)
            try:
                await renew()
            except OmnithreadError:
                continue

    task = asyncio.create_task(go_on(), name="renewing")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
