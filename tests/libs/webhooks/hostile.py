"""A receiver that answers as a bad one would: the path of the URL says how."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\n"
ENDLESS = {
    "drip": (OK + b"Content-Length: 1000000\r\n\r\n", b".", 0.02),
    "drip-headers": (OK, b"X-More: yes\r\n", 0.0),
    "flood": (OK + b"Content-Length: 10737418240\r\n\r\n", b"x" * 65536, 0.0),
}
WHOLE = {
    "garbage": b"\x00\xffSSH-2.0-OpenSSH\r\n\r\n",
    "short": OK + b"Content-Length: 50\r\n\r\nonly this",
    "silent-close": b"",
}


@dataclass
class Hostile:
    """The server, and what it got."""

    port: int = 0
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    flooded_bytes: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}
        path = first.split()[1].lstrip("/")
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.requests.append((headers, body))
        if path == "slow":
            await reader.read()
        elif path in ENDLESS:
            await self._without_end(writer, *ENDLESS[path])
        else:
            writer.write(_whole(path))
            await writer.drain()
        return path.startswith(("ok", "status", "redirect"))

    async def _without_end(
        self, writer: asyncio.StreamWriter, first: bytes, again: bytes, pause_seconds: float
    ) -> None:
        writer.write(first)
        while not writer.is_closing():
            writer.write(again)
            await writer.drain()
            self.flooded_bytes += len(again)
            await asyncio.sleep(pause_seconds)


def _whole(path: str) -> bytes:
    kind, _, what = path.partition("/")
    if kind == "redirect":
        return b"HTTP/1.1 307 Go\r\nLocation: /%s\r\nContent-Length: 0\r\n\r\n" % what.encode()
    if kind == "status":
        extra = b"Retry-After: 99999999\r\n" if what == "503" else b""
        return b"HTTP/1.1 %s Said\r\n%sContent-Length: 0\r\n\r\n" % (what.encode(), extra)
    if kind == "bomb":
        packed = gzip.compress(b"\0" * 50_000_000)
        return OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed) + packed
    return WHOLE.get(kind, OK + b"Content-Length: 2\r\n\r\nok")


@asynccontextmanager
async def hostile_server(make: Callable[[], Hostile] = Hostile) -> AsyncIterator[Hostile]:
    """Run it on a free port."""
    hostile = make()
    server = await asyncio.start_server(hostile.answer, "127.0.0.1", 0)
    hostile.port = server.sockets[0].getsockname()[1]
    try:
        yield hostile
    finally:
        server.close()
