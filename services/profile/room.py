"""How many identifiers of a kind a customer may have, and which of them make room for more.

What is proven is never pushed out by more of it. Cookies, devices and unverified claims grow by themselves, so there
the oldest makes room.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.profile.model import HeldIdentifier, Identifier, IdentifierKind

MOST_OF_A_KIND: Mapping[IdentifierKind, int] = {
    IdentifierKind.LOYALTY_CARD: 1,
    IdentifierKind.EMAIL: 5,
    IdentifierKind.PHONE: 5,
    IdentifierKind.SOCIAL: 5,
    IdentifierKind.DEVICE: 30,
    IdentifierKind.COOKIE: 30,
}
"""Proven ones and unverified claims are counted apart: a customer has at most 92 identifiers."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The identifiers that stay, sorted by key, and the keys that lead here no longer."""

    identifiers: tuple[HeldIdentifier, ...]
    dropped_keys: tuple[str, ...]


def with_added(held: Iterable[HeldIdentifier], added: Iterable[HeldIdentifier]) -> dict[str, HeldIdentifier]:
    """Give identifiers by key. What is held already stays as it is, unless only now it is proven."""
    by_key = {one.identifier.key: one for one in held}
    for one in added:
        before = by_key.get(one.identifier.key)
        if before is None or (one.identifier.verified and not before.identifier.verified):
            by_key[one.identifier.key] = one
    return by_key


def kind_beyond_limit(by_key: Mapping[str, HeldIdentifier]) -> IdentifierKind | None:
    """Name a kind with more proven identifiers than are allowed, where no proof may be dropped."""
    for kind, most in MOST_OF_A_KIND.items():
        proven = [one for one in by_key.values() if one.identifier.kind is kind and one.identifier.identifies]
        if not kind.by_possession and len(proven) > most:
            return kind
    return None


def has_room(held: Iterable[HeldIdentifier], identifier: Identifier) -> bool:
    """Say whether one more can be held. Where there is no room for a proof, there never will be: none is dropped."""
    by_key = {one.identifier.key: one.identifier for one in held}
    if identifier.kind.by_possession or not identifier.identifies:
        return True
    proven = [key for key, one in by_key.items() if one.kind is identifier.kind and one.identifies]
    return identifier.key in proven or len(proven) < MOST_OF_A_KIND[identifier.kind]


def make_room(by_key: Mapping[str, HeldIdentifier], *, presented_keys: frozenset[str] = frozenset()) -> Kept:
    """Keep the newest of each kind; what was just presented counts as the newest."""
    kept: list[HeldIdentifier] = []
    dropped: list[HeldIdentifier] = []
    for kind, most in MOST_OF_A_KIND.items():
        of_kind = [one for one in by_key.values() if one.identifier.kind is kind]
        proven = [one for one in of_kind if one.identifier.identifies]
        claimed = [one for one in of_kind if not one.identifier.identifies]
        for group in (proven, claimed):
            group.sort(
                key=lambda one: (one.identifier.key in presented_keys, one.link_time, one.identifier.key), reverse=True
            )
            kept += group[:most]
            dropped += group[most:]
    return Kept(
        identifiers=tuple(sorted(kept, key=lambda one: one.identifier.key)),
        dropped_keys=tuple(sorted(one.identifier.key for one in dropped if one.identifier.identifies)),
    )
