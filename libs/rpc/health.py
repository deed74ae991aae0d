"""Health as clients and probes ask for it, each port for itself: who is slow to listen holds up neither us nor others.

It is asked for without a token, so anybody may. grpc's own servicer writes to a watcher under the lock that a change
of the health needs: one who asks and takes nothing in would keep a service from stopping, and from being ready.
"""

import asyncio
from collections.abc import Iterable
from typing import TypeAlias

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

Context: TypeAlias = "grpc.aio.ServicerContext[health_pb2.HealthCheckRequest, health_pb2.HealthCheckResponse]"
Answer = health_pb2.HealthCheckResponse
Status: TypeAlias = int
"""One of `HealthCheckResponse.ServingStatus`."""
SERVING, NOT_SERVING = Answer.SERVING, Answer.NOT_SERVING
MOST_AT_ONCE = 100
"""So many are answered at once at one port, those that watch among them."""
TAKE_SECONDS = 5.0
"""Who watches has so long to take in what changed."""
WATCH_SECONDS = 3600.0


class Health:
    """What is said of each name, to all ports."""

    def __init__(self) -> None:
        self._said: dict[str, Status] = {}
        self._changed = asyncio.Event()
        self.is_over = False

    def say(self, names: Iterable[str], status: Status) -> None:
        """Say so from now on; waits for nobody."""
        self._said |= dict.fromkeys(names, status)
        self._tell()

    def end(self) -> None:
        """Let those who watch go, once they were told."""
        self.is_over = True
        self._tell()

    def of(self, name: str) -> Status | None:
        """Give what is said of a name; None where nothing is."""
        return self._said.get(name)

    async def change(self) -> None:
        """Wait until something else is said."""
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class HealthServicer(health_pb2_grpc.HealthServicer):
    """Answers at one port."""

    def __init__(self, health: Health, *, most_at_once: int = MOST_AT_ONCE, take_seconds: float = TAKE_SECONDS) -> None:
        self._health = health
        self._most_at_once = most_at_once
        self._take_seconds = take_seconds
        self._open = 0

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Context) -> Answer:  # noqa: N802  its name
        """Say how it is now. `NOT_FOUND` for a name that nobody has."""
        await self._one_more(context)
        status = self._health.of(request.service)
        if status is None:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        return Answer(status=status)

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Context) -> None:  # noqa: N802  as above
        """Say how it is now and whenever that changes, for an hour at most."""
        await self._one_more(context)
        told: Status | None = None
        until = asyncio.get_running_loop().time() + WATCH_SECONDS
        while True:
            status = self._health.of(request.service)
            status = Answer.SERVICE_UNKNOWN if status is None else status
            if status != told:
                try:
                    async with asyncio.timeout(self._take_seconds):
                        await context.write(Answer(status=status))
                except TimeoutError:
                    await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "what was told was not taken in")
                told = status
                continue  # it may have changed meanwhile
            if self._health.is_over:
                return
            try:
                async with asyncio.timeout_at(until):
                    await self._health.change()
            except TimeoutError:
                return

    async def _one_more(self, context: Context) -> None:
        if self._open >= self._most_at_once:
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too many ask for health at once")
        self._open += 1
        # That is when the answer has gone out as well: it is for who asks to take it in.
        context.add_done_callback(self._gone)  # type: ignore[arg-type]  # the stubs ask for a class of their own

    def _gone(self, _context: Context) -> None:
        self._open -= 1
