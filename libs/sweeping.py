"""Looks again and again for what is due, and does it: the one shape of all sweeps.

Every replica looks. That a thing is done once is up to what is done: one conditional write.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from libs.errors import OmnithreadError

MAX_AT_ONCE = 500
"""How many keys one look should find at most."""

log = structlog.get_logger(__name__)


Key = TypeVar("Key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep(Generic[Key]):
    """One kind of work that falls due."""

    name: str
    """For the log."""
    find: Callable[[], Awaitable[Sequence[Key]]]
    """Gives the keys of what is due, a bounded number of them, longest due first; their texts are logged."""
    do: Callable[[Key], Awaitable[None]]
    """Does one, or nothing where it is done already."""
    pause_seconds: float
    """Between two looks."""

    async def run(self) -> None:
        """Look until cancelled. While MongoDB does not answer nothing is done, and nothing is lost."""
        while True:
            try:
                await self.sweep()
            except OmnithreadError as error:
                log.warning("sweep_failed", sweep=self.name, reason=error.reason)
            await asyncio.sleep(self.pause_seconds)

    async def sweep(self) -> None:
        """Do what is due now; one that fails holds up no other."""
        for key in await self.find():
            try:
                await self.do(key)
            except OmnithreadError as error:
                log.warning("sweep_held_up", sweep=self.name, key=str(key), reason=error.reason)
