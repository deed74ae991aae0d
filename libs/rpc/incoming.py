"""What a caller streams to us: message after message, each decoded and checked as a single request is.

A servicer that reads it with `async for` ends its call at the first faulty message. One whose messages stand for
themselves, as the rows of an import do, reads `each()` and refuses those alone.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from libs.errors import OmnithreadError, Status, invalid_argument

MOST_MESSAGES = 1_000_001
"""A start and a million rows."""
MOST_IDLE_SECONDS = 60.0
MOST_STREAM_SECONDS = 3600.0

RequestT = TypeVar("RequestT", bound=Message)


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """How much and how long a caller may stream."""

    most_messages: int = MOST_MESSAGES
    idle_seconds: float = MOST_IDLE_SECONDS
    """How long the next message may take. The time that we take ourselves does not count."""
    stream_seconds: float = MOST_STREAM_SECONDS
    """How long the whole stream may take."""


@dataclass(frozen=True, slots=True)
class Told(Generic[RequestT]):
    """One message, and what breaks the contract in it."""

    message: RequestT
    fault: OmnithreadError | None


class Incoming(Generic[RequestT]):
    """The messages of one call.

    Raises IMPORT_INVALID beyond the most messages, and DEADLINE_EXCEEDED where the next one, or the end, does not come
    in time; what cannot be decoded or is too large ends the stream, since nobody knows what it was.
    """

    def __init__(
        self,
        raw: AsyncIterator[bytes],
        *,
        decode: Callable[[bytes], RequestT],
        check: Callable[[RequestT], None],
        limits: StreamLimits,
        accepted: Callable[[], Awaitable[None]],
    ) -> None:
        """Read `raw`; `accepted` is told once, when after the first message more is asked for."""
        self._raw = raw
        self._decode = decode
        self._check = check
        self._limits = limits
        self._accepted = accepted
        self._end = asyncio.get_running_loop().time() + limits.stream_seconds
        self._count = 0

    def __aiter__(self) -> "Incoming[RequestT]":
        return self

    async def __anext__(self) -> RequestT:
        told = await self._next()
        if told.fault is not None:
            raise told.fault
        return told.message

    async def each(self) -> AsyncGenerator[Told[RequestT], None]:
        """Give every message, the faulty ones with their fault."""
        while True:
            try:
                told = await self._next()
            except StopAsyncIteration:
                return
            yield told

    async def _next(self) -> Told[RequestT]:
        if self._count == 1:
            await self._accepted()
        left_seconds = self._end - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(self._limits.idle_seconds, max(0.0, left_seconds))):
                raw = await anext(self._raw)
        except TimeoutError:
            raise _too_slow() from None
        self._count += 1
        if self._count > self._limits.most_messages:
            raise invalid_argument(
                "IMPORT_INVALID",
                "The stream has more messages than one may have.",
                metadata={"most_messages": str(self._limits.most_messages)},
            )
        message = self._decode(raw)
        try:
            self._check(message)
        except OmnithreadError as fault:
            return Told(message, fault)
        return Told(message, None)


def _too_slow() -> OmnithreadError:
    return OmnithreadError(
        status=Status.DEADLINE_EXCEEDED,
        reason="DEADLINE_EXCEEDED",
        message="The next message of the stream, or its end, did not come in time.",
    )
