"""Somebody who watches: collects what a stream says, and waits for what it is to say."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc

import omnithread
from omnithread.context.v1 import watch_service_pb2 as pb

WAIT_SECONDS = 60.0


class Eyes:
    """One stream, read as fast as it speaks."""

    def __init__(self) -> None:
        self.updates: list[pb.CustomerContextUpdate] = []
        self.heartbeats = 0
        self.token = ""
        self.error: omnithread.ErrorDetails | None = None
        self._moved = asyncio.Condition()

    @property
    def last(self) -> pb.CustomerContextUpdate:
        """What is known now."""
        return self.updates[-1]

    async def read(self, stream: Any) -> None:  # of a stub; its type is grpc's own
        """Read until it ends."""
        try:
            async for response in stream:
                async with self._moved:
                    self._note(response)
                    self._moved.notify_all()
        except grpc.aio.AioRpcError as error:
            async with self._moved:
                self.error = omnithread.details_of(error)
                self._moved.notify_all()

    def _note(self, response: pb.WatchCustomerContextResponse) -> None:
        self.token = response.resume_token or self.token
        if response.HasField("update"):
            self.updates.append(response.update)
        else:
            self.heartbeats += 1

    async def until(self, condition: Callable[["Eyes"], object]) -> None:
        """Wait until what was seen is so; an error that nobody waits for is told."""
        async with self._moved, asyncio.timeout(WAIT_SECONDS):
            await self._moved.wait_for(lambda: condition(self) or self.error is not None)
        assert condition(self), self.error

    async def sees(self, condition: Callable[[pb.CustomerContextUpdate], object]) -> pb.CustomerContextUpdate:
        """Wait until the newest update is so, and give it."""
        await self.until(lambda eyes: bool(eyes.updates) and condition(eyes.last))
        return self.last

    async def ended(self) -> omnithread.ErrorDetails:
        """Wait for the end, and give its reason."""
        await self.until(lambda eyes: eyes.error is not None)
        assert self.error is not None
        return self.error


@asynccontextmanager
async def watching(suite: omnithread.Omnithread, customer_id: str = "", **fields: Any) -> AsyncIterator[Eyes]:
    """Watch a customer while inside."""
    named: dict[str, Any] = {"customer_id": customer_id} if customer_id else {}  # else by an identifier
    stream = suite.watching.WatchCustomerContext(pb.WatchCustomerContextRequest(**named, **fields))
    eyes = Eyes()
    reading = asyncio.create_task(eyes.read(stream))
    try:
        yield eyes
    finally:
        reading.cancel()
        stream.cancel()
        await asyncio.wait({reading})


def skus(update: pb.CustomerContextUpdate) -> list[str]:
    """What is in the cart."""
    return [line.sku for line in update.context.cart.cart.lines]
