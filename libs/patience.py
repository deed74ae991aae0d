"""Waiting for a part that starts at the same time as we do: any order of starts works."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from aiokafka.errors import KafkaError

from libs.errors import OmnithreadError, is_passing

T = TypeVar("T")
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.5


async def patiently(part: str, attempt: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE_SECONDS) -> T:
    """Give what `attempt` gives; try again for a minute while the part is away or overloaded, then raise its error."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        try:
            return await attempt()
        except (OmnithreadError, KafkaError) as error:
            if loop.time() >= until or (isinstance(error, OmnithreadError) and not is_passing(error)):
                raise
            structlog.get_logger(__name__).warning("waiting", part=part, exc_info=error)
        await asyncio.sleep(PAUSE_SECONDS)
