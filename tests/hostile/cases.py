"""All that is sent to one method in the matrix: an honest request, broken at one place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from libs.ids import new_id
from tests.hostile.contract import Rpc
from tests.hostile.furnished import honest_request
from tests.hostile.honest import Honest
from tests.hostile.values import groups, hostile_values, nested
from tests.hostile.wire import LENGTH, Part, joined, parts, tag, varint

MOST_DEEP = 5
UNKNOWN = 9999
"""The number of no field."""
TOO_LARGE_BYTES = 300 * 1024
FAR_TOO_LARGE_BYTES = 1_400_000


@dataclass(frozen=True, slots=True)
class Case:
    """One request."""

    place: str
    """Which field: `terms.window.end_local_time`; empty for the request itself."""
    name: str
    """What is wrong with it."""
    raw: bytes

    def __str__(self) -> str:
        return f"{self.place or 'the request'}: {self.name}"


def cases(rpc: Rpc, honest: Honest) -> Iterator[Case]:
    """Give every case of a method."""
    base = honest_request(rpc, honest)
    raw = base.SerializeToString(deterministic=True)
    yield from _of_the_whole(raw)
    for path in paths(rpc.request.fields):
        for name, content in hostile_values(path[-1]):
            renew(base)
            place = ".".join(field.name for field in path)
            yield Case(place=place, name=name, raw=planted(base, path, content, honest))


def renew(base: Message) -> None:
    """Give a request an id of its own: else all but the first are refused for having one that was used."""
    if "request_id" in base.DESCRIPTOR.fields_by_name:
        setattr(base, "request_id", new_id("req"))  # noqa: B010  of a type that is not known here


def paths(
    fields: Sequence[FieldDescriptor], before: tuple[FieldDescriptor, ...] = ()
) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Give the way to every field of a message, also of those in it; a message within itself once."""
    for field in fields:
        yield (*before, field)
        inner = field.message_type
        if inner is None or not inner.full_name.startswith("omnithread.") or len(before) >= MOST_DEEP:
            continue
        if sum(one.message_type is inner for one in before) < 1:
            yield from paths(inner.fields, (*before, field))


def planted(message: Message, path: tuple[FieldDescriptor, ...], content: bytes, honest: Honest) -> bytes:
    """Put bytes in the place of a field, and keep the rest of the message."""
    field, raw = path[0], message.SerializeToString(deterministic=True)
    if len(path) > 1:
        content = _within(message, path, content, honest)
    chosen = field.containing_oneof
    others = {one.number for one in chosen.fields} if chosen is not None else {field.number}
    return joined(part for part in parts(raw) if part.number not in others) + content


def _within(message: Message, path: tuple[FieldDescriptor, ...], content: bytes, honest: Honest) -> bytes:
    field = path[0]
    there = getattr(message, field.name)
    if field.is_repeated:
        inner = there[0] if len(there) else honest.submessage(field)
    else:
        inner = there if message.HasField(field.name) else honest.submessage(field)
    return Part(field.number, LENGTH, planted(inner, path[1:], content, honest)).raw


def _of_the_whole(raw: bytes) -> Iterator[Case]:
    yield Case("", "nothing at all", b"")
    yield Case("", "no message", b"\xff\xfe\xfd" * 50)
    yield Case("", "cut off", raw[: len(raw) * 2 // 3])
    yield Case("", "twice", raw * 2)
    yield Case("", "fields that nobody knows", raw + tag(UNKNOWN, LENGTH) + varint(3) + b"abc")
    yield Case("", "nested in an unknown field", raw + nested(UNKNOWN))
    yield Case("", "nested groups", raw + groups(UNKNOWN))
    yield Case("", "field 0", raw + b"\x00\x01")
    yield Case("", "too large", raw + Part(UNKNOWN, LENGTH, b"x" * TOO_LARGE_BYTES).raw)
    yield Case("", "far too large", b"x" * FAR_TOO_LARGE_BYTES)
