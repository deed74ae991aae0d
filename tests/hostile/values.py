"""What can stand in a field that ought not to, by the type of the field: as bytes on the wire."""

import struct
from collections.abc import Iterator

from google.protobuf.descriptor import FieldDescriptor

from tests.hostile.contract import message_of, rules_of, rules_of_each
from tests.hostile.honest import CANARY
from tests.hostile.wire import FIXED32, FIXED64, GROUP, GROUP_END, LENGTH, VARINT, tag, varint

MANY = 10_000
NEST = 200
HUGE_CHARACTERS = 200_000
"""Below what the door refuses for its size alone."""
Named = tuple[str, bytes]
"""What it is called, and the whole field on the wire."""

_NUMBERS = {
    "nought": 0,
    "minus one": -1,
    "least of 32 bits": -(2**31),
    "greatest of 32 bits": 2**31 - 1,
    "greatest that JSON has": 2**53,
    "greatest of 63 bits": 2**63 - 1,
    "least of 64 bits": -(2**63),
    "greatest of 64 bits": 2**64 - 1,
}
_TEXTS = {
    "empty": b"",
    "blank": b" \t ",
    "NUL": f"{CANARY}\0b".encode(),
    "control characters": f"{CANARY}\x01\x1b[31m\x7f\x9f".encode(),
    "line breaks": f"{CANARY}\r\nBcc: all@example.com\r\n\r\n.".encode(),
    "turned round": f"\u202e{CANARY}\u2066\u200b\ufeff".encode(),
    "beyond 16 bits": (CANARY + "🛒" * 30).encode(),
    "no character": f"{CANARY}\uffff\ufdd0".encode(),
    "invalid UTF-8": CANARY.encode() + b"\xff\xfe\xc0\xaf",
    "half a surrogate": CANARY.encode() + b"\xed\xa0\x80",
    "an operator": b"$where",
    "a path": b"a.b.$[].c",
    "a key of Python": b"__proto__",
    "a template": b"{{ 7 | times: 7 }}{% for i in (1..99999) %}x{% endfor %}",
    "a way out": b"../../../../etc/passwd%00",
    "a query": f'{{"$gt": "", "{CANARY}": 1}}'.encode(),
    "markup": f"<script>{CANARY}</script>\"'><img src=x>".encode(),
    "not normal": ("e\u0301" * 40).encode(),
}
_BROKEN_NUMBERS = {
    "not a number": float("nan"),
    "infinity": float("inf"),
    "minus infinity": float("-inf"),
    "greatest": 1.7976931348623157e308,
    "smallest": 5e-324,
    "minus nought": -0.0,
}
_SECONDS = (-(2**63), -62135596801, -62135596800, -1, 253402300799, 253402300800, 10**15, 2**63 - 1)
_NANOS = (-(2**31), -1, 10**9, 2**31 - 1)


def hostile_values(field: FieldDescriptor) -> Iterator[Named]:
    """Give what can be put in the place of a field."""
    yield from _of_type(field)
    yield from _of_wrong_type(field)
    if field.is_repeated:
        yield from _many(field)


def nested(number: int, depth: int = NEST) -> bytes:
    """Nest a field in itself."""
    content = b""
    for _ in range(depth):
        content = tag(number, LENGTH) + varint(len(content)) + content
    return content


def groups(number: int, depth: int = NEST) -> bytes:
    """Nest groups, which protobuf reads although nobody writes them any more."""
    return tag(number, GROUP) * depth + tag(number, GROUP_END) * depth


def _of_type(field: FieldDescriptor) -> Iterator[Named]:
    number = field.number
    match field.type:
        case FieldDescriptor.TYPE_STRING | FieldDescriptor.TYPE_BYTES:
            for name, content in _TEXTS.items():
                yield name, _length(number, content)
            yield "huge", _length(number, CANARY.encode() * (HUGE_CHARACTERS // len(CANARY)))
            yield "a little too long", _length(number, b"x" * (_most(field) + 1))
            yield "longest", _length(number, b"x" * _most(field))
        case FieldDescriptor.TYPE_DOUBLE:
            for name, broken in _BROKEN_NUMBERS.items():
                yield name, tag(number, FIXED64) + struct.pack("<d", broken)
        case FieldDescriptor.TYPE_FLOAT:
            yield "not a number", tag(number, FIXED32) + struct.pack("<f", float("nan"))
        case FieldDescriptor.TYPE_MESSAGE:
            yield from _of_message(field)
        case _:
            for name, whole in _NUMBERS.items():
                yield name, tag(number, VARINT) + varint(whole)
            yield "unknown", tag(number, VARINT) + varint(7777)
            yield "of eleven bytes", tag(number, VARINT) + b"\xff" * 10 + b"\x01"


def _of_message(field: FieldDescriptor) -> Iterator[Named]:
    number = field.number
    yield "empty message", _length(number, b"")
    yield "no message", _length(number, b"\xff\xff\xff\xff")
    yield "nested in itself", nested(number)
    yield "nested groups", _length(number, groups(15))
    match message_of(field).full_name:
        case "google.protobuf.Timestamp" | "google.protobuf.Duration":
            for seconds in _SECONDS:
                yield f"{seconds} seconds", _length(number, tag(1, VARINT) + varint(seconds))
            for nanos in _NANOS:
                content = tag(1, VARINT) + varint(1_780_000_000) + tag(2, VARINT) + varint(nanos)
                yield f"{nanos} nanos", _length(number, content)
        case "google.type.Money":
            for units, nanos in ((2**63 - 1, 0), (-(2**63), 0), (10**15, 0), (1, -1), (-1, 1), (0, 2**31 - 1)):
                yield f"{units} units and {nanos} nanos", _length(number, _money(b"EUR", units, nanos))
            for code in (b"", b"XXX", b"eur", b"\0\0\0", "€€€".encode()):
                yield f"currency {code!r}", _length(number, _money(code, 1, 0))
        case "google.protobuf.FieldMask":
            for path in (b"*", b"", b"$where", b"a.b.c", b"customer_id", b"version", b"__class__"):
                yield f"mask {path!r}", _length(number, _length(1, path))
            yield "mask of very many", _length(number, _length(1, b"a") * MANY)


def _of_wrong_type(field: FieldDescriptor) -> Iterator[Named]:
    number = field.number
    given = {
        VARINT: tag(number, VARINT) + varint(1),
        FIXED64: tag(number, FIXED64) + b"\xff" * 8,
        FIXED32: tag(number, FIXED32) + b"\xff" * 4,
        LENGTH: _length(number, b"\xfe\xff"),
    }
    for kind, content in given.items():
        if kind != wire_type(field):
            yield f"of wire type {kind}", content
    yield "an open group", tag(number, GROUP)
    yield "longer than the message", tag(number, LENGTH) + varint(2**31 - 1) + b"x"


def _many(field: FieldDescriptor) -> Iterator[Named]:
    one = _length(field.number, b"") if wire_type(field) == LENGTH else tag(field.number, VARINT) + b"\x01"
    yield "very many empty ones", one * MANY
    if field.type == FieldDescriptor.TYPE_STRING:
        yield "very many", b"".join(_length(field.number, f"key{each}".encode()) for each in range(MANY))
        yield "two equal ones", _length(field.number, b"same") * 2
        most = rules_of(field).repeated.max_items
        yield "one too many", b"".join(_length(field.number, f"k{each}".encode()) for each in range(most + 1))


def wire_type(field: FieldDescriptor) -> int:
    """Say how a value of the field stands on the wire."""
    match field.type:
        case FieldDescriptor.TYPE_STRING | FieldDescriptor.TYPE_BYTES | FieldDescriptor.TYPE_MESSAGE:
            return LENGTH
        case FieldDescriptor.TYPE_DOUBLE:
            return FIXED64
        case FieldDescriptor.TYPE_FLOAT:
            return FIXED32
    return VARINT


def _most(field: FieldDescriptor) -> int:
    rules = rules_of_each(field)
    of_type = rules.string if field.type == FieldDescriptor.TYPE_STRING else rules.bytes
    return of_type.max_len or getattr(of_type, "max_bytes", 0) or 64


def _money(code: bytes, units: int, nanos: int) -> bytes:
    return _length(1, code) + tag(2, VARINT) + varint(units) + tag(3, VARINT) + varint(nanos)


def _length(number: int, content: bytes) -> bytes:
    return tag(number, LENGTH) + varint(len(content)) + content
