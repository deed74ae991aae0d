"""Ids that sort by the time they were given, and say what they name: `cus_01jd3m...`."""

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
    """Give `<prefix>_` and 26 characters: 48 bits of milliseconds, then 80 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    return f"{prefix}_{_base32(milliseconds, TIME_CHARACTERS)}{_base32(secrets.randbits(80), RANDOM_CHARACTERS)}"


def _base32(number: int, characters: int) -> str:
    return "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(characters)))
