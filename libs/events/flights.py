"""Work that several callers wait for at once and that goes on when one of them gives up."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextvars import Context
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ResultT = TypeVar("ResultT")


class TooManyFlights(Exception):
    """So much is under way already that no more is begun."""


class Flights(Generic[KeyT, ResultT]):
    """One piece of work per key at a time, in no caller's context: it is nobody's call, trace or deadline."""

    def __init__(self, *, most: int, timeout_seconds: float) -> None:
        self._most = most
        self._timeout_seconds = timeout_seconds
        self._tasks: dict[KeyT, asyncio.Task[ResultT]] = {}

    async def join(self, key: KeyT, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Wait for the work that is under way for `key`, or begin it.

        Raises what the work raises, TimeoutError where it took too long, and TooManyFlights.
        """
        task = self._tasks.get(key)
        if task is None:
            if len(self._tasks) >= self._most:
                raise TooManyFlights
            task = asyncio.get_running_loop().create_task(self._run(work), context=Context())
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Give up all work."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, work: Callable[[], Awaitable[ResultT]]) -> ResultT:
        async with asyncio.timeout(self._timeout_seconds):
            return await work()

    def _landed(self, key: KeyT, task: "asyncio.Task[ResultT]") -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # all who waited may have left
