"""Stands between a gRPC client and its server, in plaintext, and lets a call go wrong before or after it was answered.

Names of methods are packed (HPACK) and not read: calls are counted, so give a client under test a proxy of its own.
"""

from asyncio import StreamReader
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TypeAlias

from tests.proxies.strikes import Armed, Fault, Point
from tests.proxies.tcp import Connection, Proxy

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_HEAD_BYTES = 9
DATA = 0x0
HEADERS = 0x1
ENDS_STREAM = 0x1


@dataclass(frozen=True, slots=True)
class Call:
    """One call that passes."""

    stream: int
    """Its number on the connection: 1, 3, 5, ..."""


Matching: TypeAlias = Callable[[Call], bool]


def every(_call: Call) -> bool:
    """Match all."""
    return True


async def frames(reader: StreamReader) -> AsyncIterator[bytes]:
    """Cut a stream into frames of HTTP/2."""
    while head := await reader.read(1):
        head += await reader.readexactly(FRAME_HEAD_BYTES - 1)
        yield head + await reader.readexactly(int.from_bytes(head[:3], "big"))


async def preface_and_frames(reader: StreamReader) -> AsyncIterator[bytes]:
    """Cut what a client says."""
    yield await reader.readexactly(len(PREFACE))
    async for frame in frames(reader):
        yield frame


class GrpcProxy(Proxy):
    """A proxy that counts calls."""

    def __init__(self, *, host: str, port: int) -> None:
        super().__init__(host=host, port=port, passing=self._pass, client_split=preface_and_frames, server_split=frames)
        self.begun = 0
        """How many calls clients have begun."""
        self.answered = 0
        """How many calls the server has ended, whatever the client heard of it."""
        self._armed: list[Armed[Call]] = []

    def arm(self, fault: Fault, *, matching: Matching = every, nth: int = 1, times: int = 1) -> Armed[Call]:
        """Let a fault strike the `nth` call from now on, and the next ones up to `times`.

        BEFORE: at its first frame; AFTER: when the server has ended it, of which the client hears nothing, the
        first bytes of the answer included.
        """
        armed = Armed(fault, matching, nth, times)
        self._armed.append(armed)
        return armed

    def forget(self, armed: Armed[Call]) -> None:
        """Forget one fault, struck or not."""
        self._armed.remove(armed)

    def disarm(self) -> None:
        """Forget all faults."""
        self._armed.clear()

    def strike(self, call: Call) -> Armed[Call] | None:
        """Count a call, and give the fault that is to strike it."""
        self.begun += 1
        return next((armed for armed in tuple(self._armed) if armed.strikes(call)), None)

    def _pass(self, connection: Connection) -> "_Passing":
        return _Passing(self, connection)


class _Passing:
    """One connection.

    Headers are packed by what went before, so nothing may be left out of a connection that goes on:
    what a fault withholds, it withholds with all that follows.
    """

    def __init__(self, proxy: GrpcProxy, connection: Connection) -> None:
        self._proxy = proxy
        self._connection = connection
        self._known: set[int] = set()
        self._struck: dict[int, Armed[Call]] = {}
        self._held: list[bytes] | None = None
        self._silent = False

    async def to_server(self, piece: bytes) -> None:
        if self._silent:
            return
        if not piece.startswith(PREFACE):
            kind, _, stream = _read(piece)
            if kind == HEADERS and stream not in self._known:
                self._known.add(stream)
                armed = self._proxy.strike(Call(stream))
                if armed is not None and armed.fault.point is Point.AFTER:
                    self._struck[stream] = armed
                elif armed is not None and not await self._happens(armed):
                    return
        await self._connection.say_to_server(piece)

    async def to_client(self, piece: bytes) -> None:
        if self._silent:
            return
        kind, flags, stream = _read(piece)
        answers = kind in (HEADERS, DATA) and stream in self._known
        ended = answers and bool(flags & ENDS_STREAM)
        self._proxy.answered += ended
        armed = self._struck.get(stream) if answers else None
        if armed is not None and self._held is None:
            self._held = []
        if self._held is None:
            await self._connection.say_to_client(piece)
            return
        self._held.append(piece)
        if armed is None or not ended:
            return
        del self._struck[stream]
        held, self._held = self._held, None
        if await self._happens(armed):
            for one in held:
                await self._connection.say_to_client(one)

    async def _happens(self, armed: Armed[Call]) -> bool:
        """Let it happen, and say whether the connection goes on."""
        fault = armed.fault
        armed.note()
        await fault.hook()
        if fault.goes_on:
            return True
        self._silent = True
        if fault.cut:
            self._connection.cut()
        return False


def _read(frame: bytes) -> tuple[int, int, int]:
    """Give kind, flags and stream of a frame."""
    return frame[3], frame[4], int.from_bytes(frame[5:9], "big") & 0x7FFFFFFF
