"""What a text that an agent typed may name a customer by. Pure."""

import re
from dataclasses import dataclass

from omnithread.profile.v1.profile_pb2 import (
    IDENTIFIER_KIND_COOKIE,
    IDENTIFIER_KIND_DEVICE,
    IDENTIFIER_KIND_EMAIL,
    IDENTIFIER_KIND_LOYALTY_CARD,
    IDENTIFIER_KIND_PHONE,
    IDENTIFIER_KIND_SOCIAL,
    Identifier,
    IdentifierKind,
)

MOST_CHARACTERS = 254
CUSTOMER_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
OUR_ID = re.compile(r"cus_[0-9a-z]{26}")
PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{4,24}")
INTERNATIONAL = re.compile(r"(\+|00)[0-9 ()/.-]+")
SOCIAL = re.compile(r"[a-z][a-z0-9_-]{1,31}:\S+")
KINDS: tuple[tuple[IdentifierKind.ValueType, str], ...] = (
    (IDENTIFIER_KIND_EMAIL, "e-mail address"),
    (IDENTIFIER_KIND_PHONE, "telephone number"),
    (IDENTIFIER_KIND_LOYALTY_CARD, "loyalty card"),
    (IDENTIFIER_KIND_SOCIAL, "social account"),
    (IDENTIFIER_KIND_DEVICE, "device"),
    (IDENTIFIER_KIND_COOKIE, "cookie"),
)
WORDS = dict(KINDS)


@dataclass(frozen=True, slots=True)
class Guess:
    """One way to read it: a customer id, or an identifier of a kind."""

    customer_id: str = ""
    identifier: Identifier | None = None

    @property
    def words(self) -> str:
        """What kind of thing it would be."""
        return "customer id" if self.identifier is None else WORDS[self.identifier.kind]


def guesses(typed: str, kind: int = 0) -> list[Guess]:
    """Give the ways to read a text, the likeliest first; of the kind that the agent chose where they did, else several.

    A number may be a telephone, a card or a customer of a shop's own numbering: all are tried. Nothing is too odd to be
    a cookie.
    """
    text = " ".join(typed.split())
    if not text or len(text) > MOST_CHARACTERS or not text.isprintable():
        return []
    if kind:
        return [_as(wanted, text) for wanted, _ in KINDS if wanted == kind]
    if OUR_ID.fullmatch(text):
        return [Guess(customer_id=text)]
    if "@" in text and ":" not in text:
        return [_as(IDENTIFIER_KIND_EMAIL, text)]
    kinds = [IDENTIFIER_KIND_LOYALTY_CARD, IDENTIFIER_KIND_DEVICE, IDENTIFIER_KIND_COOKIE]
    if SOCIAL.fullmatch(text):
        kinds.insert(0, IDENTIFIER_KIND_SOCIAL)
    if PHONE.fullmatch(text):
        kinds.insert(0 if INTERNATIONAL.fullmatch(text) else 1, IDENTIFIER_KIND_PHONE)
    found = [_as(kind, text) for kind in kinds]
    return [*found, Guess(customer_id=text)] if CUSTOMER_ID.fullmatch(text) else found


def _as(kind: IdentifierKind.ValueType, text: str) -> Guess:
    if kind == IDENTIFIER_KIND_PHONE and text.startswith("00"):
        text = f"+{text[2:]}"
    return Guess(identifier=Identifier(kind=kind, value=text))
