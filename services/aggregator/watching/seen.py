"""What a watcher has seen of a context: digests of its parts, so that only what differs is sent again. Pure."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from google.protobuf.message import Message

from libs.errors import page_token_invalid
from libs.rpc.pages import PageTokens
from omnithread.cart.v1.price_pb2 import CartPrice
from services.aggregator.context import FIELDS, ContextRead

DIGEST_BYTES = 8
TOKENS = PageTokens("context.watch")
CUSTOMER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
VERSION = 1
"""Of what is in a token; one with another version is an old one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One state of one context; equal ones need not be sent again."""

    customer_id: str
    """Whose it was: the survivor's where the customer had been merged."""
    sections: tuple[tuple[int, str], ...] = ()
    """Digests of the sections that were there, by section."""
    problems: str = ""
    beside: str = ""
    """Digest of what stands beside the context."""

    @classmethod
    def of(cls, read: ContextRead) -> Self:
        """Note a context."""
        versions = {version.section: version.version for version in read.context.versions}
        return cls(
            customer_id=read.context.customer_id,
            sections=tuple(
                (int(section), _digest(getattr(read.context, FIELDS[section]), f"{version}"))
                for section, version in sorted(versions.items())
            ),
            problems=_digest(*read.problems_to_proto()) if read.problems else "",
            beside=_digest_beside(read),
        )

    def changed_sections(self, before: "Seen | None") -> tuple[int, ...]:
        """Give the sections that differ from those of `before`, also those that are not there any more."""
        known, present = dict(before.sections) if before else {}, dict(self.sections)
        return tuple(s for s in sorted(known.keys() | present.keys()) if known.get(s) != present.get(s))

    def to_token(self, *, asked_id: str, wanted: frozenset[int]) -> str:
        """Write it for the watcher to come back with."""
        position: dict[str, str | int] = {"v": VERSION, "c": self.customer_id, "b": self.beside, "p": self.problems}
        position |= {f"s{section}": digest for section, digest in self.sections}
        # The customer whom the watcher names is mostly the one whom it sees.
        position |= {"a": "" if asked_id == self.customer_id else asked_id, "w": _named(wanted)}
        return TOKENS.encode(position, owner="")

    @classmethod
    def from_token(cls, token: str, *, asked_id: str, wanted: frozenset[int]) -> Self | None:
        """Read it again; None for an empty token, an old one, or one for another customer or other sections.

        Raises PAGE_TOKEN_INVALID for a damaged one.
        """
        position = TOKENS.decode(token, owner="")
        if position is None or position.get("v") != VERSION:
            return None
        told = {name: str(value) for name, value in position.items()}
        if not {"a", "b", "c", "p", "w"} <= told.keys() or not CUSTOMER_ID.fullmatch(told["c"]):
            raise page_token_invalid()  # nobody was ever given that
        if told["w"] != _named(wanted) or (told["a"] or told["c"]) != asked_id:
            return None
        return cls(
            customer_id=told["c"],
            sections=tuple((section, told[f"s{section}"]) for section in sorted(FIELDS) if f"s{section}" in told),
            problems=told["p"],
            beside=told["b"],
        )


def _named(wanted: frozenset[int]) -> str:
    return ",".join(str(section) for section in sorted(wanted))


def _digest_beside(read: ContextRead) -> str:
    price = read.beside.price
    others = [*read.beside.other_channel_prices, *read.beside.problems]
    if price is None and not others:
        return ""
    return _digest(*([] if price is None else [_timeless(price)]), *others)


def _timeless(price: CartPrice) -> CartPrice:
    """Leave out for when it was worked out, and from what: the same price at another time is no news."""
    same = CartPrice()
    same.CopyFrom(price)
    same.ClearField("price_time")
    same.ClearField("facts_version")
    same.ClearField("offers_edition")
    return same


def _digest(*parts: Message | str) -> str:
    digest = hashlib.blake2b(digest_size=DIGEST_BYTES)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part.SerializeToString(deterministic=True)
        digest.update(len(data).to_bytes(4))
        digest.update(data)
    return digest.hexdigest()
