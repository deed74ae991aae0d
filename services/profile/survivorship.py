"""Which word about a customer stays when two customers become one: for each trait by its rule."""

from collections.abc import Iterable
from datetime import datetime

from services.profile.details import MAX_TRAIT_BYTES, MAX_TRAITS, trait_bytes
from services.profile.model import Trait
from services.profile.rules import Survivorship, TraitRules


def surviving_traits(survivor: Iterable[Trait], source: Iterable[Trait], rules: TraitRules) -> tuple[Trait, ...]:
    """Give the traits of the one customer, sorted by name.

    What both have is decided by its rule; what only the source has is added, the newest first, as far as there is
    room. Where what both have outgrows the room, the oldest words go: never a newer one for an older one.
    """
    theirs = {trait.name: trait for trait in source}
    traits = {
        mine.name: surviving(mine, theirs.pop(mine.name, mine), rules.of(mine.name))
        for mine in sorted(survivor, key=lambda one: one.name)
    }
    room = MAX_TRAIT_BYTES - sum(map(trait_bytes, traits.values()))
    for trait in sorted(traits.values(), key=_age):
        if room >= 0:
            break
        room += trait_bytes(traits.pop(trait.name))
    for trait in sorted(theirs.values(), key=_age, reverse=True):
        if trait_bytes(trait) <= room and len(traits) < MAX_TRAITS:
            traits[trait.name] = trait
            room -= trait_bytes(trait)
    return tuple(sorted(traits.values(), key=lambda one: one.name))


def surviving(mine: Trait, theirs: Trait, rule: Survivorship) -> Trait:
    """Give which of two words stays; `mine` is that of the customer who remains, and stays of two equal ones.

    Largest and smallest are of numbers or of times; where the two are not of one such kind, the newest stays.
    """
    match rule:
        case Survivorship.KNOWN_WINS:
            return mine
        case Survivorship.OLDEST:
            return theirs if theirs.update_time < mine.update_time else mine
        case Survivorship.LARGEST | Survivorship.SMALLEST if (order := _order(mine, theirs)) is not None:
            return theirs if order == (1 if rule is Survivorship.LARGEST else -1) else mine
        case _:
            return theirs if theirs.update_time > mine.update_time else mine


def _order(mine: Trait, theirs: Trait) -> int | None:
    """Say whether theirs is more (1), less (-1) or the same (0); None where that cannot be said."""
    match mine.value, theirs.value:
        case (bool(), _) | (_, bool()):
            return None
        case (int() | float() as own, int() | float() as other):
            return (other > own) - (other < own)
        case (datetime() as own, datetime() as other):
            return (other > own) - (other < own)
        case _:
            return None


def _age(trait: Trait) -> tuple[datetime, str]:
    return trait.update_time, trait.name
