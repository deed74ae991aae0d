"""Ids that sort by the time they were given, and say what they name: `cus_01jd3m...`."""

import hashlib
import secrets
import time
from collections.abc import Callable

NewId = Callable[[str], str]
"""Gives a fresh id for a prefix: `cus`tomer, `crt` cart, `lin`e, `ord`er, `evt` event, `mrg` merge, `con`sent record,
`msg` message, `cnv` conversation, `ent`ry, `ses`sion, `jrn` journey, `tch` touchpoint."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
TIME_CHARACTERS = 10
RANDOM_CHARACTERS = 16


def new_id(prefix: str) -> str:
    """Give a fresh id."""
    return id_at(prefix, milliseconds=time.time_ns() // 1_000_000, random_bits=secrets.randbits(80))


def id_at(prefix: str, *, milliseconds: int, random_bits: int) -> str:
    """Give `<prefix>_` and 26 characters: 48 bits of milliseconds since 1970, then 80 random bits."""
    return f"{prefix}_{_base32(milliseconds, TIME_CHARACTERS)}{_base32(random_bits, RANDOM_CHARACTERS)}"


def derived_id(prefix: str, *parts: str) -> str:
    """Give the id that follows from some texts, the same for the same ones: for what a retry must not make twice.

    It looks like any other, but does not sort by time.
    """
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest())
    return f"{prefix}_{_base32(number, TIME_CHARACTERS + RANDOM_CHARACTERS)}"


def _base32(number: int, characters: int) -> str:
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(characters)))
