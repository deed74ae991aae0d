"""Honest requests, damaged at random: bits flipped, cut off, spliced with others, fields swapped.

What is done is drawn from the source of chance that is given, so that a seed repeats it.
"""

import random
from collections.abc import Awaitable, Callable, Sequence

from tests.hostile.wire import GROUP, LENGTH, VARINT, Part, joined, parts, tag, varint

MOST_CHANGES = 4
Damage = Callable[[bytes, Sequence[bytes], random.Random], bytes]
StillFails = Callable[[bytes], Awaitable[bool]]


def mutated(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Damage a request in one to four ways; `others` are requests that it may be spliced with."""
    for _ in range(chance.randint(1, MOST_CHANGES)):
        raw = chance.choice(_WAYS)(raw, others, chance)
    return raw


async def shrunk(raw: bytes, still_fails: StillFails) -> bytes:
    """Leave out of a request whatever it fails without: fields first, bytes then."""
    for pieces in (_fields, _bytes):
        at = 0
        while at < len(cut := pieces(raw)):
            smaller = b"".join(cut[:at] + cut[at + 1 :])
            if await still_fails(smaller):
                raw = smaller
            else:
                at += 1
    return raw


def _flipped(raw: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    if not raw:
        return raw
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut_off(raw: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    return raw[: chance.randint(0, len(raw))]


def _spliced(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(others)
    return raw[: chance.randint(0, len(raw))] + other[chance.randint(0, len(other)) :]


def _joined_with_fields_of_another(raw: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    of_other = _parts_or_none(chance.choice(others))
    return raw + joined(chance.sample(of_other, min(len(of_other), 3)))


def _renumbered(raw: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    own = _parts_or_none(raw)
    if not own:
        return raw
    at = chance.randrange(len(own))
    own[at] = Part(chance.randint(1, 20), own[at].kind, own[at].content)
    return joined(own)


def _swapped(raw: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    own = _parts_or_none(raw)
    texts = [at for at, part in enumerate(own) if part.kind == LENGTH]
    if len(texts) > 1:
        one, other = chance.sample(texts, 2)
        first, second = own[one], own[other]
        own[one], own[other] = (
            Part(first.number, LENGTH, second.content),
            Part(second.number, LENGTH, first.content),
        )
    return joined(own) or raw


def _repeated(raw: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    own = _parts_or_none(raw)
    return raw + (chance.choice(own).raw * chance.choice((1, 30, 1000)) if own else b"")[:100_000]


def _given_another_value(raw: bytes, _others: Sequence[bytes], chance: random.Random) -> bytes:
    number = chance.randint(1, 20)
    value = chance.choice((0, 1, -1, 2**31 - 1, 2**63 - 1, -(2**63), 7777))
    text = chance.choice((b"", b"\0", b"\xff\xfe", b"$where", b"a.b", b"x" * 5000, "\u202e".encode()))
    more = (tag(number, VARINT) + varint(value), Part(number, LENGTH, text).raw, tag(number, GROUP))
    return raw + chance.choice(more)


_WAYS: Sequence[Damage] = (
    _flipped,
    _cut_off,
    _spliced,
    _joined_with_fields_of_another,
    _renumbered,
    _swapped,
    _repeated,
    _given_another_value,
)


def _parts_or_none(raw: bytes) -> list[Part]:
    try:
        return parts(raw)
    except ValueError:
        return []


def _fields(raw: bytes) -> list[bytes]:
    return [part.raw for part in _parts_or_none(raw)] or [raw]


def _bytes(raw: bytes) -> list[bytes]:
    size = max(1, len(raw) // 64)
    return [raw[at : at + size] for at in range(0, len(raw), size)]
