"""One writer per key within a process: those of one record queue here instead of racing each other at the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from libs.errors import conflict
from libs.mongo.deadline import Deadline


class KeyLocks:
    """Locks by key, each kept only while somebody holds it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    def __len__(self) -> int:
        """Give how many keys are held or waited for."""
        return len(self._users)

    @asynccontextmanager
    async def hold(self, key: str, deadline: Deadline) -> AsyncIterator[None]:
        """Hold the key's lock inside. Raises CONFLICT where it is not free in time; the cancelled leave no trace."""
        lock = self._locks.setdefault(key, asyncio.Lock())
        self._users[key] = self._users.get(key, 0) + 1
        try:
            await _acquire(lock, deadline)
            try:
                yield
            finally:
                lock.release()
        finally:
            self._users[key] -= 1
            if not self._users[key]:
                del self._users[key], self._locks[key]


async def _acquire(lock: asyncio.Lock, deadline: Deadline) -> None:
    try:
        async with asyncio.timeout(deadline.left_seconds):
            await lock.acquire()
    except TimeoutError:
        raise conflict() from None
