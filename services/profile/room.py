"""How many identifiers of a kind a customer may have, and which of them make room for more.

What is proven is never pushed out by more of it. Cookies, devices and unverified claims grow by themselves, so there
the oldest makes room.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from services.profile.model import HeldIdentifier, Identifier, IdentifierKind
from services.profile.rules import IdentityRules

MOST_IDENTIFIERS = 100
"""Of one customer: what the contract promises of a profile."""
MOST_PROOFS_OF_A_KIND = 20
"""So many stay where two customers with proofs become one, or where the rules once allowed more."""


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


def kind_beyond_limit(
    by_key: Mapping[str, HeldIdentifier], *, held: Iterable[HeldIdentifier], rules: IdentityRules
) -> IdentifierKind | None:
    """Name a kind of which more are proven than are allowed, and than are held: no proof may be dropped.

    Who has more than are allowed now, since the rules were others once, keeps them.
    """
    before = list(held)
    for kind in IdentifierKind:
        proven = _proven(by_key.values(), kind)
        if not kind.by_possession and len(proven) > max(rules.most(kind), len(_proven(before, kind))):
            return kind
    return None


def has_room(held: Iterable[HeldIdentifier], identifier: Identifier, *, rules: IdentityRules) -> bool:
    """Say whether one more can be held. Where there is no room for a proof, there never will be: none is dropped."""
    if identifier.kind.by_possession or not identifier.identifies:
        return True
    proven = {one.identifier.key for one in _proven(held, identifier.kind)}
    return identifier.key in proven or len(proven) < rules.most(identifier.kind)


def make_room(
    by_key: Mapping[str, HeldIdentifier], *, rules: IdentityRules, presented_keys: frozenset[str] = frozenset()
) -> Kept:
    """Keep the newest of each kind; what was just presented counts as the newest.

    A customer made of two by staff keeps the proofs of both, and machines make room for them.
    """

    def newest(group: Iterable[HeldIdentifier], most: int) -> list[HeldIdentifier]:
        def age(one: HeldIdentifier) -> tuple[bool, datetime, str]:
            return one.identifier.key in presented_keys, one.link_time, one.identifier.key

        return sorted(group, key=age, reverse=True)[: max(most, 0)]

    held = by_key.values()
    kept: list[HeldIdentifier] = []
    machines: list[HeldIdentifier] = []
    for kind in IdentifierKind:
        most = rules.most(kind)
        if kind.by_possession:
            machines += newest(_proven(held, kind), most)
        else:
            kept += newest(_proven(held, kind), max(most, MOST_PROOFS_OF_A_KIND))
            kept += newest((one for one in held if _is_claim(one, kind)), most)
    kept += newest(machines, MOST_IDENTIFIERS - len(kept))
    keys = {one.identifier.key for one in kept}
    dropped = [one.identifier for one in held if one.identifier.key not in keys]
    return Kept(
        identifiers=tuple(sorted(kept, key=lambda one: one.identifier.key)),
        dropped_keys=tuple(sorted(one.key for one in dropped if one.identifies)),
    )


def _proven(identifiers: Iterable[HeldIdentifier], kind: IdentifierKind) -> list[HeldIdentifier]:
    return [one for one in identifiers if one.identifier.kind is kind and one.identifier.identifies]


def _is_claim(one: HeldIdentifier, kind: IdentifierKind) -> bool:
    return one.identifier.kind is kind and not one.identifier.identifies
