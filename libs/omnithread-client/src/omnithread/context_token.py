"""What a caller was told, in a short text that they hand back: a later context then holds at least that.

It names a customer, and how far the events of some databases had come. Nothing in it is secret, and whoever makes one
up only gets a context that is read anew. To a channel it is opaque; the services and this package write and read it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

VERSION = "1"
CUSTOMER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
POSITION = re.compile(r"([A-Za-z0-9_-]{1,64})\.([0-9]{1,19})", re.ASCII)
MOST_POSITIONS = 8


@dataclass(frozen=True, slots=True)
class ContextToken:
    """What one token stands for."""

    customer_id: str
    seqs: Mapping[str, int]
    """By the epoch of a database: the `seq` of the customer's newest event there of which the caller was told."""


def context_token(customer_id: str, positions: Iterable[tuple[str, int]]) -> str:
    """Give the token for a customer and these (epoch, seq)."""
    return "~".join((VERSION, customer_id, *(f"{epoch}.{seq}" for epoch, seq in positions)))


def read_context_token(token: str) -> ContextToken:
    """Read it again. Raises ValueError for what was never given to anybody."""
    version, _, rest = token.partition("~")
    customer_id, *positions = rest.split("~")
    found = [POSITION.fullmatch(position) for position in positions]
    if version != VERSION or not CUSTOMER_ID.fullmatch(customer_id) or len(found) > MOST_POSITIONS or not all(found):
        raise ValueError("no token of ours")
    return ContextToken(customer_id, {match[1]: int(match[2]) for match in found if match})
