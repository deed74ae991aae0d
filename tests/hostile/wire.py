"""Protobuf as bytes on the wire: what no generated code would write can be put together here."""

from collections.abc import Iterable
from dataclasses import dataclass

VARINT, FIXED64, LENGTH, GROUP, GROUP_END, FIXED32 = range(6)
_FIXED = {FIXED64: 8, FIXED32: 4}


@dataclass(frozen=True, slots=True)
class Part:
    """One field as it stands on the wire."""

    number: int
    kind: int
    content: bytes
    """Behind the tag and, of a text, bytes or message, behind its length."""

    @property
    def raw(self) -> bytes:
        """The field as bytes."""
        length = varint(len(self.content)) if self.kind == LENGTH else b""
        return tag(self.number, self.kind) + length + self.content


def varint(number: int) -> bytes:
    """Write a number as protobuf does; a negative one as its 64 bits."""
    number &= (1 << 64) - 1
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)


def tag(number: int, kind: int) -> bytes:
    """Write what a field begins with."""
    return varint(number << 3 | kind)


def parts(raw: bytes) -> list[Part]:
    """Take a message that was written by protobuf apart. Raises ValueError where it was not."""
    found, at = [], 0
    while at < len(raw):
        key, at = _varint_at(raw, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            _, end = _varint_at(raw, at)
        elif kind == LENGTH:
            length, at = _varint_at(raw, at)
            end = at + length
        elif kind in _FIXED:
            end = at + _FIXED[kind]
        else:
            raise ValueError(f"wire type {kind}")
        if end > len(raw):
            raise ValueError("the message ends within a field")
        found.append(Part(number, kind, raw[at:end]))
        at = end
    return found


def joined(fields: Iterable[Part]) -> bytes:
    """Put fields together to a message."""
    return b"".join(part.raw for part in fields)


def _varint_at(raw: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        if at >= len(raw) or shift > 63:
            raise ValueError("no number where one must be")
        number |= (raw[at] & 0x7F) << shift
        at += 1
        if raw[at - 1] < 0x80:
            return number, at
        shift += 7
