"""Undoing a merge: which of the two customers has what afterwards. Pure.

What neither side changed since the merge goes back as it was. What changed goes to the merged customer where it came
by one of its own identifiers or by its old id (`entrance`), else to the customer who remained.
The law: a merge that is undone at once gives both customers back as they were.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from libs.origin import Origin
from services.profile.facts import part as part_ledger
from services.profile.merging import MOST_KEPT_APART, kept_merges, merge
from services.profile.model import (
    MERGE_AREAS,
    CustomerId,
    HeldIdentifier,
    Merge,
    MergeId,
    Profile,
    Reservation,
    Trait,
    Undoing,
)
from services.profile.rules import IdentityRules

Thing = TypeVar("Thing", HeldIdentifier, Trait)


@dataclass(frozen=True, slots=True)
class Together:
    """Two customers who are one."""

    survivor: Profile
    """As it is now."""
    source: Profile
    """As it was sealed."""
    before: Profile | None
    """The survivor before the merge; None where that was not kept, and then the survivor keeps what it has."""
    lineage: frozenset[str]
    """The merged customer, and all who were part of it when it was merged away."""
    rules: IdentityRules
    lost_keys: frozenset[str] = frozenset()
    """Identifiers that made room in the merge, and have led to somebody else since."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Both again."""

    survivor: Profile
    source: Profile


def part(both: Together, merge_id: MergeId, undoing: Undoing) -> Apart:
    """Give each their own, and note on the survivor that the merge was undone."""
    undone = next(one for one in both.survivor.merges if one.merge_id == merge_id)
    before = _before(both)
    joined = _right_after(both, before, undone)
    identifiers = _divided(
        _by_key(before.identifiers),
        _by_key(both.source.identifiers),
        _by_key(joined.identifiers),
        _by_key(both.survivor.identifiers),
        of_source=lambda held: _is_of_source(held, both, before),
        lost=both.lost_keys,
    )
    traits = _divided(
        _by_name(before.traits),
        _by_name(both.source.traits),
        _by_name(joined.traits),
        _by_name(both.survivor.traits),
        of_source=lambda trait: trait.entrance in both.lineage,
    )
    left, gone = part_ledger(both.survivor.ledger, both.lineage)
    survivor = replace(
        both.survivor,
        ledger=left,
        identifiers=identifiers[0],
        traits=traits[0],
        given_name=_unless_changed("given_name", before, joined, both.survivor).given_name,
        family_name=_unless_changed("family_name", before, joined, both.survivor).family_name,
        postal_address=_unless_changed("postal_address", before, joined, both.survivor).postal_address,
        merges=_merges_of_survivor(both, undone, undoing),
        kept_apart=_with(both.survivor.kept_apart, both.source.customer_id),
    )
    source = replace(
        both.source,
        ledger=gone,
        identifiers=identifiers[1],
        traits=traits[1],
        merges=_merges_of_source(both),
        incoming=(),
        returning=(*both.source.returning, merge_id),
        kept_apart=_with(both.source.kept_apart, both.survivor.customer_id),
    )
    return Apart(survivor=survivor, source=source)


def to_claim_again(both: Together, merge_id: MergeId) -> dict[str, CustomerId]:
    """Give the identifiers that made room, in the merge or later, by key, each with the customer who gets it back."""
    undone = next(one for one in both.survivor.merges if one.merge_id == merge_id)
    before = _before(both)
    joined = _right_after(both, before, undone)
    owners = dict.fromkeys(both.source.held_keys, both.source.customer_id)
    owners |= dict.fromkeys(before.held_keys - joined.held_keys, both.survivor.customer_id)
    return {key: owner for key, owner in owners.items() if key not in both.survivor.held_keys}


def completed(profile: Profile, merge_id: str, area: str) -> Profile:
    """Note that an area has undone a merge."""

    def without_area(one: Merge) -> Merge:
        if one.merge_id != merge_id or one.undoing is None:
            return one
        left = tuple(pending for pending in one.undoing.pending_areas if pending != area)
        return replace(one, undoing=replace(one.undoing, pending_areas=left))

    return replace(profile, merges=kept_merges(map(without_area, profile.merges)))


def returned(profile: Profile, merge_id: str) -> Profile:
    """Note that a customer is everywhere itself again."""
    return replace(profile, returning=tuple(one for one in profile.returning if one != merge_id))


def _before(both: Together) -> Profile:
    """Give the survivor before the merge; where that was not kept, without what surely came from the source."""
    if both.before is not None:
        return both.before
    own = tuple(
        held
        for held in both.survivor.identifiers
        if held.identifier.key not in both.source.held_keys and held.entrance not in both.lineage
    )
    traits = tuple(trait for trait in both.survivor.traits if trait.entrance not in both.lineage)
    return replace(both.survivor, identifiers=own, traits=traits)


def _right_after(both: Together, before: Profile, undone: Merge) -> Profile:
    """Merge the two once more, as they were then."""
    reservation = Reservation(
        merge_id=undone.merge_id,
        source_customer_id=undone.source_customer_id,
        merge_time=undone.merge_time,
        origin=Origin(channel_id=undone.channel.id, channel_kind=undone.channel.kind),
    )
    return merge(both.source, before, reservation, rules=both.rules).profile


def _is_of_source(held: HeldIdentifier, both: Together, before: Profile) -> bool:
    """Whether the claim of an identifier that came or changed since the merge names the source."""
    key = held.identifier.key
    return key not in before.held_keys and (key in both.source.held_keys or held.entrance in both.lineage)


def _divided(
    before: Mapping[str, Thing],
    sealed: Mapping[str, Thing],
    joined: Mapping[str, Thing],
    now: Mapping[str, Thing],
    *,
    of_source: Callable[[Thing], bool],
    lost: Iterable[str] = (),
) -> tuple[tuple[Thing, ...], tuple[Thing, ...]]:
    survivor: dict[str, Thing] = {}
    source: dict[str, Thing] = {}
    gone = set(lost)
    for key in sorted(before.keys() | sealed.keys() | now.keys()):
        present, after_merge = now.get(key), joined.get(key)
        if key in gone:
            continue
        if key in before and present == after_merge:
            survivor[key] = before[key]
        if key in sealed and (present == after_merge or present is None or not of_source(present)):
            source[key] = sealed[key]
        if present is None or present == after_merge:
            continue
        if of_source(present):
            source[key] = present
            if key in before:
                survivor[key] = before[key]
        else:
            survivor[key] = present
    return tuple(survivor.values()), tuple(source.values())


def _unless_changed(name: str, before: Profile, joined: Profile, now: Profile) -> Profile:
    return before if getattr(now, name) == getattr(joined, name) else now


def _merges_of_survivor(both: Together, undone: Merge, undoing: Undoing) -> tuple[Merge, ...]:
    marked = replace(undone, pending_areas=(), undoing=undoing)
    brought = {one.merge_id for one in both.source.merges}
    return kept_merges(
        marked if one.merge_id == undone.merge_id else one
        for one in both.survivor.merges
        if one.merge_id not in brought
    )


def _merges_of_source(both: Together) -> tuple[Merge, ...]:
    """Give those that the source had, as far as they have come since under the survivor's name."""
    since = {one.merge_id: one for one in both.survivor.merges}
    return tuple(since.get(one.merge_id, replace(one, pending_areas=())) for one in both.source.merges)


def _with(apart: tuple[CustomerId, ...], customer_id: CustomerId) -> tuple[CustomerId, ...]:
    return (*(one for one in apart if one != customer_id), customer_id)[-MOST_KEPT_APART:]


def _by_key(held: Iterable[HeldIdentifier]) -> dict[str, HeldIdentifier]:
    return {one.identifier.key: one for one in held}


def _by_name(traits: Iterable[Trait]) -> dict[str, Trait]:
    return {one.name: one for one in traits}


def new_undoing(*, now: datetime, actor_id: str, reason: str, request_id: str) -> Undoing:
    """Begin an undoing: every area has still to carry it out."""
    return Undoing(unmerge_time=now, actor_id=actor_id, reason=reason, request_id=request_id, pending_areas=MERGE_AREAS)
