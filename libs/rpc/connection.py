"""The connection behind a channel: made anew when our certificate is another, since grpc's credentials never change."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import grpc

from libs.rpc.certificates import Certificates, Pair

T = TypeVar("T")
OLD_GRACE_SECONDS = 60.0
"""How long calls may go on over the connection before."""
NONE = Pair(certificate=b"", key=b"", authorities=b"")


class Connection:
    """One connection at a time; before the first call, and a moment after the files changed, it is a new one."""

    def __init__(self, open_channel: Callable[[Pair], grpc.aio.Channel], certificates: Certificates | None) -> None:
        """Open one; `open_channel` is given what the files hold, or empty values where there are no files."""
        self._open = open_channel
        self._certificates = certificates
        self._pair = certificates.get() if certificates else NONE
        self._channel = open_channel(self._pair)
        self._closing: set[asyncio.Task[None]] = set()

    def get(self) -> grpc.aio.Channel:
        """Give what the next call goes over."""
        if self._certificates is not None:
            pair = self._certificates.get()
            if pair is not self._pair:
                old, self._pair, self._channel = self._channel, pair, self._open(pair)
                task = asyncio.get_running_loop().create_task(old.close(OLD_GRACE_SECONDS))
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)
        return self._channel

    async def close(self, grace: float | None) -> None:
        """Close it, and what is left of those before."""
        for task in tuple(self._closing):
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self._channel.close(grace)


class Over(Generic[T]):
    """Something made of a channel, such as one of its methods; made again for another connection."""

    def __init__(self, connection: Connection, make: Callable[[grpc.aio.Channel], T]) -> None:
        self._connection = connection
        self._make = make
        self._of = connection.get()
        self._made = make(self._of)

    def get(self) -> T:
        """Give it for the connection that is used now."""
        channel = self._connection.get()
        if channel is not self._of:
            self._of, self._made = channel, self._make(channel)
        return self._made
