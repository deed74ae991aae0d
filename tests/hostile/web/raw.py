"""Sends bytes over a connection of their own, as no well-behaved client would, and reads what comes back."""

import asyncio
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
ANSWER_SECONDS = 60.0
"""Long after every limit of the programs."""
MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    """0 where the connection was ended without a word."""
    said: bytes
    """All of it, head and body."""


async def send(port: int, request: bytes) -> Answer:
    """Send it, and read until the other side ends the connection. Raises TimeoutError where it never does."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            said = await _exchange(reader, writer, request)
    finally:
        writer.close()
    return Answer(_status(said), said)


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    said = b""
    try:
        writer.write(request)
        await writer.drain()
        while len(said) < MOST_BYTES and (piece := await reader.read(65536)):
            said += piece
    except ConnectionError:  # ended while we were still sending: what it said before counts
        pass
    return said


def _status(said: bytes) -> int:
    words = said.partition(b"\r\n")[0].split(b" ")
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/1.") and words[1].isdigit() else 0


def request(
    method: str, target: str | bytes, *headers: tuple[str, str], host: str = LOOPBACK, body: bytes = b""
) -> bytes:
    """Write a request as it goes over the wire; the connection is to end after it."""
    aim = target if isinstance(target, bytes) else target.encode()
    given = [("host", host), ("connection", "close"), *headers]
    if body and not any(name in {"content-length", "transfer-encoding"} for name, _ in headers):
        given.append(("content-length", str(len(body))))
    lines = [f"{name}: {value}".encode("latin-1", "replace") for name, value in given]
    return method.encode() + b" " + aim + b" HTTP/1.1\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + body
