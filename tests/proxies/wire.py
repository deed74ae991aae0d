"""MongoDB's wire protocol, as far as a proxy must know it: a message is a command, or a reply to a number. Pure."""

import struct
from asyncio import StreamReader
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

import bson

HEADER = struct.Struct("<iiii")
FLAGS = struct.Struct("<I")
OP_MSG = 2013
BODY = 0
SEQUENCE = 1
CHECKSUM_PRESENT = 1
MOST_BYTES = 48 * 1024 * 1024
WRITES = frozenset({"insert", "update", "delete", "findAndModify", "findandmodify", "bulkWrite"})


@dataclass(frozen=True, slots=True)
class Command:
    """One command as the driver sent it."""

    number: int
    """The message's own, which the reply names."""
    name: str
    """`update`, `find`."""
    database: str
    collection: str
    """Empty for commands that concern none."""
    body: Mapping[str, Any]
    """Without the documents that came beside it."""
    raw: bytes
    """The whole message."""

    @property
    def writes(self) -> bool:
        """Whether it changes documents."""
        return self.name in WRITES

    def mentions(self, text: str) -> bool:
        """Whether a text stands anywhere in it."""
        return text.encode() in self.raw


async def messages(reader: StreamReader) -> AsyncIterator[bytes]:
    """Cut a stream into messages."""
    while head := await reader.read(1):
        head += await reader.readexactly(HEADER.size - 1)
        length = HEADER.unpack(head)[0]
        if not HEADER.size <= length <= MOST_BYTES:
            raise OSError("no message of MongoDB")
        yield head + await reader.readexactly(length - HEADER.size)


def read_command(message: bytes) -> Command | None:
    """Read what the driver sent; None for anything but a command in the modern form."""
    _, number, _, code = HEADER.unpack_from(message)
    if code != OP_MSG:
        return None
    body = read_body(message)
    name = next(iter(body), "")
    named = body.get(name)
    return Command(
        number=number,
        name=name,
        database=str(body.get("$db", "")),
        collection=named if isinstance(named, str) else str(body.get("collection", "")),
        body=body,
        raw=message,
    )


def read_body(message: bytes) -> dict[str, Any]:
    """Give the body of a message; documents in sequences beside it are left out."""
    flags = FLAGS.unpack_from(message, HEADER.size)[0]
    end = len(message) - (4 if flags & CHECKSUM_PRESENT else 0)
    place = HEADER.size + FLAGS.size
    while place < end:
        kind = message[place]
        size = struct.unpack_from("<i", message, place + 1)[0]
        if kind == BODY:
            return dict(bson.decode(message[place + 1 : place + 1 + size]))
        if kind != SEQUENCE:
            raise OSError("a section of an unknown kind")
        place += 1 + size
    raise OSError("a message without a body")


def reply_to(number: int, body: Mapping[str, Any]) -> bytes:
    """Make the reply to a message."""
    content = FLAGS.pack(0) + bytes([BODY]) + bson.encode(body)
    return HEADER.pack(HEADER.size + len(content), 0, number, OP_MSG) + content


def answers(message: bytes) -> int:
    """Give the number of the message that this one answers."""
    return int(HEADER.unpack_from(message)[2])
