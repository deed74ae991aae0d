"""A client that speaks HTTP/2 by hand, and so can misbehave in ways that grpc's own never would."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from types import MappingProxyType

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, PING, GOAWAY = 0x0, 0x1, 0x4, 0x6, 0x7
ACK = END_STREAM = 0x1
END_HEADERS = 0x4
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_HEADER_LIST_SIZE = 0x3, 0x4, 0x6
ENHANCE_YOUR_CALM = 0xB
ANSWER_SECONDS = 30.0
LONG = 0x7F
"""A text from here on has its length in several bytes."""
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Frame:
    """What the server sent."""

    kind: int
    flags: int
    content: bytes

    @property
    def settings(self) -> dict[int, int]:
        """What a SETTINGS frame says."""
        pieces = [self.content[at : at + 6] for at in range(0, len(self.content), 6)]
        return {int.from_bytes(piece[:2]): int.from_bytes(piece[2:]) for piece in pieces}

    @property
    def error(self) -> int:
        """Why a GOAWAY frame sends us away."""
        return int.from_bytes(self.content[4:8])


class BareConnection:
    """One connection, its preface and settings sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, kind: int, content: bytes = b"", *, flags: int = 0, stream: int = 0) -> None:
        """Send a frame."""
        self._writer.write(len(content).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + content)
        with suppress(ConnectionError):  # what the server said before it hung up is still to be read
            await self._writer.drain()

    async def call(self, path: str, message: bytes, *, stream: int, more: Mapping[str, str] = NOTHING) -> None:
        """Call a method with one message, as number `stream` (1, 3, ...) of this connection."""
        said = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "x", "te": "trailers"}
        said |= {"content-type": "application/grpc", **more}
        headers = b"".join(b"\0" + _text(name) + _text(value) for name, value in said.items())
        await self.send(HEADERS, headers, flags=END_HEADERS, stream=stream)
        await self.send(DATA, b"\0" + len(message).to_bytes(4) + message, flags=END_STREAM, stream=stream)

    async def stay(self) -> None:
        """Answer pings, and settings, and nothing else, until cancelled or sent away."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await self._reader.readexactly(9)
                content = await self._reader.readexactly(int.from_bytes(head[:3]))
                if head[3] in (SETTINGS, PING) and not head[4] & ACK:
                    await self.send(head[3], content if head[3] == PING else b"", flags=ACK)

    async def closed(self) -> None:
        """Wait until the server hangs up."""
        with suppress(ConnectionError):
            async with asyncio.timeout(ANSWER_SECONDS):
                while await self._reader.read(4096):
                    pass

    async def read(self, kind: int) -> Frame:
        """Give the next frame of this kind. Raises IncompleteReadError where the server hangs up before."""
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                head = await self._reader.readexactly(9)
                content = await self._reader.readexactly(int.from_bytes(head[:3]))
                if head[3] == kind:
                    return Frame(head[3], head[4], content)


def _text(said: str) -> bytes:
    """Give a text as HPACK has it, without its tables and codes."""
    length, more = len(said), b""
    if length >= LONG:
        rest, length = length - LONG, LONG
        while rest >= 0x80:
            more += bytes((rest % 0x80 + 0x80,))
            rest //= 0x80
        more += bytes((rest,))
    return bytes((length,)) + more + said.encode()


@asynccontextmanager
async def bare_connection(port: int, *, settings: bytes = b"") -> AsyncIterator[BareConnection]:
    """Connect to a server on this machine."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(PREFACE)
    connection = BareConnection(reader, writer)
    await connection.send(SETTINGS, settings)
    try:
        yield connection
    finally:
        writer.close()
