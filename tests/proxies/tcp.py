"""Stands between a client and a server, and knows of bytes only: forward, cut, freeze, refuse.

async with Proxy.to("127.0.0.1:27017") as proxy:
    connect(proxy.address)
    proxy.freeze()         # half-open: both sides think that they are connected, and nothing moves
"""

import asyncio
import socket
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self, TypeAlias

LOOPBACK = "127.0.0.1"
MOST_BYTES_AT_ONCE = 64 * 1024
AT_ONCE = struct.pack("ii", 1, 0)  # linger for no time

Split: TypeAlias = Callable[[StreamReader], AsyncIterator[bytes]]
"""Cuts a stream into what is forwarded whole."""


class Pass(Protocol):
    """What is done with what passes on one connection: forward it, or not."""

    async def to_server(self, piece: bytes) -> None:
        """Deal with what the client says."""

    async def to_client(self, piece: bytes) -> None:
        """Deal with what the server says."""


async def as_it_comes(reader: StreamReader) -> AsyncIterator[bytes]:
    """Cut nothing: give what is there."""
    while piece := await reader.read(MOST_BYTES_AT_ONCE):
        yield piece


class Connection:
    """One connection of a client, with its own to the server."""

    def __init__(self, *, client: StreamWriter, server: StreamWriter, moves: asyncio.Event) -> None:
        self._client = client
        self._server = server
        self._moves = moves

    async def say_to_server(self, piece: bytes) -> None:
        """Send it, once nothing is frozen."""
        await self._say(self._server, piece)

    async def say_to_client(self, piece: bytes) -> None:
        """Send it, once nothing is frozen."""
        await self._say(self._client, piece)

    def cut(self) -> None:
        """End it on both sides at once; what was not sent is lost."""
        for writer in (self._client, self._server):
            _abort(writer)

    async def _say(self, writer: StreamWriter, piece: bytes) -> None:
        await self._moves.wait()
        writer.write(piece)
        await writer.drain()


class Forward:
    """Forwards everything."""

    def __init__(self, connection: Connection) -> None:
        self.to_server = connection.say_to_server
        self.to_client = connection.say_to_client


class Proxy:
    """Listens on a free port of this machine, and connects to the server for each client that comes."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        passing: Callable[[Connection], Pass] = Forward,
        client_split: Split = as_it_comes,
        server_split: Split = as_it_comes,
    ) -> None:
        """`passing` makes what deals with one connection; the two splits say in which pieces it is asked."""
        self.port = 0
        """Where clients connect to; known inside the block."""
        self.accepted = 0
        """How many connections were made through it."""
        self._host = host
        self._server_port = port
        self._passing = passing
        self._splits = (client_split, server_split)
        self._moves = asyncio.Event()
        self._moves.set()
        self._refusing = False
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Server | None = None

    @classmethod
    def to(cls, address: str) -> Self:
        """Stand before `host:port`."""
        host, _, port = address.rpartition(":")
        return cls(host=host, port=int(port))

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def open_connections(self) -> int:
        """How many are open now."""
        return len(self._connections)

    def freeze(self) -> None:
        """Let nothing through in either direction; connections stay, and new ones are accepted and hear nothing."""
        self._moves.clear()

    def thaw(self) -> None:
        """Go on, with what was held up first."""
        self._moves.set()

    def cut(self) -> None:
        """End all connections; new ones are welcome."""
        for connection in tuple(self._connections):
            connection.cut()

    def refuse(self) -> None:
        """End all connections, and every new one at once, until `admit`."""
        self._refusing = True
        self.cut()

    def admit(self) -> None:
        """Take connections again."""
        self._refusing = False

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._listening is not None:
            self._listening.close()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, client_reader: StreamReader, client: StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        with suppress(asyncio.CancelledError):  # asked for by `__aexit__` only; the stream's own callback would log it
            await self._carry(client_reader, client)

    async def _carry(self, client_reader: StreamReader, client: StreamWriter) -> None:
        if self._refusing:
            _abort(client)
            return
        try:
            server_reader, server = await asyncio.open_connection(self._host, self._server_port)
        except OSError:
            _abort(client)
            return
        self.accepted += 1
        connection = Connection(client=client, server=server, moves=self._moves)
        self._connections.add(connection)
        passing = self._passing(connection)
        client_split, server_split = self._splits
        directions = [
            asyncio.create_task(_pump(client_split(client_reader), passing.to_server)),
            asyncio.create_task(_pump(server_split(server_reader), passing.to_client)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
            await _soon(client, server)
        finally:
            self._connections.discard(connection)
            connection.cut()
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)


def _abort(writer: StreamWriter) -> None:
    """Reset the connection, so that the other side does not take it for an orderly end."""
    if not writer.transport.is_closing():
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()


async def _pump(pieces: AsyncIterator[bytes], take: Callable[[bytes], Awaitable[None]]) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        async for piece in pieces:
            await take(piece)


async def _soon(*writers: StreamWriter) -> None:
    """Let what was said last arrive before the end."""
    for writer in writers:
        with suppress(OSError):
            await writer.drain()
        if not writer.is_closing():
            writer.close()
    for writer in writers:
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 1.0)
