"""Whether the other side of a channel is alive: so that nobody waits for one that is frozen or cut off.

A dead service refuses at once, but one that hangs, or whose network is gone without a word, would keep every caller for
as long as the caller has. So while calls are under way and nothing at all is heard, a health check is sent: a service
that is only slow, or does something that takes long, answers that. Where even that stays out, the other side counts as
silent: calls under way end, new ones fail at once, and health checks go on until one is answered.
Of several replicas behind one channel a single frozen one makes nobody silent: two checks go to two of them, and the
keepalive of its own connection ends that (`client.py`).
Only time in which our own event loop kept up counts, so that a stall of ours is not taken for theirs.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import grpc
from grpc_health.v1 import health_pb2

TICK_SECONDS = 0.05
LATE_SECONDS = 0.05
DOUBT_TICKS = 5
"""After so many ticks in which nothing was heard, a health check is sent ..."""
ANOTHER_TICKS = 3
"""... and after so many more another one: where there are several replicas, to the next of them ..."""
MOST_CHECKS = 2
SILENT_TICKS = 12
"""... and after so many in all the other side counts as silent: 0.6 s."""
CHECK_SECONDS = 1.0
CHECK_PATH = "/grpc.health.v1.Health/Check"
UNHEARD = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})
"""Ends of a call that may come without a word of the other side."""


class Cancellable(Protocol):
    """A call under way."""

    def cancel(self) -> bool:
        """End it."""


class Pulse:
    """Watches one other side while calls to it are under way."""

    def __init__(self, check: Callable[[], Awaitable[bool]]) -> None:
        """`check` asks the other side whether it is there, and gives False after a second at most."""
        self._check = check
        self._under_way: dict[int, Cancellable] = {}
        self._cut: set[int] = set()
        self._quiet_ticks = 0
        self._is_silent = False
        self._watching: asyncio.Task[None] | None = None
        self._checking: list[asyncio.Task[bool]] = []
        self._ticks_since_check = 0

    @property
    def is_silent(self) -> bool:
        """Whether calls fail at once."""
        return self._is_silent

    def began(self, call: Cancellable) -> None:
        """Note a call that is under way."""
        if not self._under_way:
            self._quiet_ticks = 0
        self._under_way[id(call)] = call
        if self._watching is None or self._watching.done():
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def ended(self, call: Cancellable, *, was_heard: bool) -> bool:
        """Note its end; say whether it was we who ended it."""
        self._under_way.pop(id(call), None)
        if was_heard:
            self._quiet_ticks = 0
        was_cut = id(call) in self._cut
        self._cut.discard(id(call))
        return was_cut

    @property
    def under_way(self) -> int:
        """How many calls are."""
        return len(self._under_way)

    def cut(self) -> None:
        """End all calls under way."""
        for key, call in list(self._under_way.items()):
            self._cut.add(key)
            call.cancel()

    def close(self) -> None:
        """Stop watching."""
        if self._watching is not None:
            self._watching.cancel()
        self._stop_checking()

    def _stop_checking(self) -> None:
        for task in self._checking:
            task.cancel()
        self._checking.clear()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while self._under_way or self._is_silent:
            woke_at = loop.time() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            if loop.time() - woke_at < LATE_SECONDS:
                self._quiet_ticks += 1
            await self._look()
        self._stop_checking()

    async def _look(self) -> None:
        done = [task for task in self._checking if task.done()]
        self._checking = [task for task in self._checking if not task.done()]
        if any(not task.cancelled() and task.exception() is None and task.result() for task in done):
            self._quiet_ticks, self._is_silent = 0, False
            self._stop_checking()
            return
        self._ticks_since_check += 1
        may_check = not self._checking or (
            len(self._checking) < MOST_CHECKS and self._ticks_since_check >= ANOTHER_TICKS
        )
        if self._quiet_ticks >= DOUBT_TICKS and may_check:
            self._checking.append(asyncio.get_running_loop().create_task(_answer(self._check)))
            self._ticks_since_check = 0
        if self._quiet_ticks >= SILENT_TICKS:
            self._is_silent = True
            self.cut()


async def _answer(check: Callable[[], Awaitable[bool]]) -> bool:
    return await check()


def health_check(channel: Callable[[], grpc.aio.Channel]) -> Callable[[], Awaitable[bool]]:
    """Give what asks the health service at the other end of a channel."""

    async def check() -> bool:
        ask = channel().unary_unary(
            CHECK_PATH, health_pb2.HealthCheckRequest.SerializeToString, health_pb2.HealthCheckResponse.FromString
        )
        try:
            await ask(health_pb2.HealthCheckRequest(service="liveness"), timeout=CHECK_SECONDS)
        except grpc.aio.AioRpcError as error:
            return error.code() not in UNHEARD  # one without a health service is there all the same
        return True

    return check


def silent_error() -> grpc.aio.AioRpcError:
    """Give what a call to a silent side ends with."""
    return grpc.aio.AioRpcError(
        grpc.StatusCode.UNAVAILABLE,
        grpc.aio.Metadata(),
        grpc.aio.Metadata(),
        details="nothing is heard of the other side, not even an answer to a health check",
    )
