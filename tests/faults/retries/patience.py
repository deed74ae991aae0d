"""Waits that end, and say what they waited for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

PATIENCE_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 0.05

Seen = TypeVar("Seen")


@asynccontextmanager
async def patience(what: Callable[[], str], seconds: float = PATIENCE_SECONDS) -> AsyncIterator[None]:
    """Limit a block. Raises TimeoutError that says what was waited for, as far as it is known by then."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise TimeoutError(f"not within {seconds:.0f} s: {what()}") from error


async def until(look: Callable[[], Awaitable[Seen]]) -> Seen:
    """Look until there is something to see."""
    async with patience(lambda: f"{look.__qualname__} sees something"):
        while not (seen := await look()):
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return seen
