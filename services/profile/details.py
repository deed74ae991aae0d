"""What is known of a customer beside who it is: names, postal address, traits."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from libs.errors import record_too_large
from services.profile.errors import trait_limit
from services.profile.events import Change, ProfileUpdated
from services.profile.model import PostalAddress, Profile, Trait

MAX_TRAITS = 100
MAX_TRAIT_BYTES = 128 * 1024
"""Of all names and texts together, so that a record always has room to be merged."""


@dataclass(frozen=True, slots=True)
class DetailsUpdate:
    """New values for the fields that an update names; None stands for a field that it does not name."""

    given_name: str | None = None
    family_name: str | None = None
    postal_address: tuple[PostalAddress | None] | None = None
    """The new address, or none any more, wrapped to tell it from a field not named."""
    traits: tuple[Trait, ...] = ()
    removed_traits: tuple[str, ...] = ()

    def by(self, entrance: str) -> "DetailsUpdate":
        """Give it as said about a merged customer, by its old id; empty where that was none."""
        return replace(self, traits=tuple(replace(trait, entrance=entrance) for trait in self.traits))


def update_details(profile: Profile, update: DetailsUpdate) -> Change:
    """Change the named fields. Errors: TRAIT_LIMIT, RECORD_TOO_LARGE."""
    after = replace(
        profile,
        given_name=profile.given_name if update.given_name is None else update.given_name,
        family_name=profile.family_name if update.family_name is None else update.family_name,
        postal_address=profile.postal_address if update.postal_address is None else update.postal_address[0],
        traits=with_traits(profile.traits, update.traits, removed=update.removed_traits),
    )
    fields = changed_fields(profile, after)
    return Change(profile=after, events=(ProfileUpdated(changed_fields=fields),) if fields else ())


def with_missing_names(profile: Profile, *, given_name: str, family_name: str) -> Profile:
    """Set each name where the profile has none."""
    return replace(
        profile,
        given_name=profile.given_name or given_name,
        family_name=profile.family_name or family_name,
    )


def with_traits(held: Sequence[Trait], told: Iterable[Trait], *, removed: Iterable[str] = ()) -> tuple[Trait, ...]:
    """Set and remove traits; the others stay, and so does who said first what is only said again."""
    traits = {trait.name: trait for trait in held}
    for name in removed:
        traits.pop(name, None)
    for trait in told:
        if trait.name not in traits or not same_value(traits[trait.name], trait):
            traits[trait.name] = trait
    after = tuple(sorted(traits.values(), key=lambda trait: trait.name))
    if len(after) > MAX_TRAITS:
        raise trait_limit(MAX_TRAITS)
    if sum(map(trait_bytes, after)) > MAX_TRAIT_BYTES:
        raise record_too_large()
    return after


def news_in(held: Sequence[Trait], told: Iterable[Trait]) -> tuple[Trait, ...]:
    """Give those traits of the told that are newer than what is held of the same name."""
    times = {trait.name: trait.update_time for trait in held}
    return tuple(trait for trait in told if trait.name not in times or trait.update_time > times[trait.name])


def same_value(one: Trait, other: Trait) -> bool:
    """Compare values by type too: 1.0 is not True."""
    return type(one.value) is type(other.value) and one.value == other.value


def trait_bytes(trait: Trait) -> int:
    """Give the room that a trait's own text takes."""
    return len(trait.name) + (len(trait.value.encode()) if isinstance(trait.value, str) else 8)


def changed_fields(before: Profile, after: Profile) -> tuple[str, ...]:
    """Name what differs, sorted; never a value. Identifiers that lead here are announced as linked instead."""
    fields = {
        name
        for name in ("given_name", "family_name", "postal_address")
        if getattr(before, name) != getattr(after, name)
    }
    if _unproven(before) != _unproven(after):
        fields.add("identifiers")
    was = {trait.name: trait for trait in before.traits}
    now = {trait.name: trait for trait in after.traits}
    for name in was.keys() | now.keys():
        if name not in was or name not in now or not same_value(was[name], now[name]):
            fields.add(f"traits.{name}")
    return tuple(sorted(fields))


def _unproven(profile: Profile) -> set[str]:
    return {held.identifier.key for held in profile.identifiers if not held.identifier.identifies}
