"""What a merge did with each identifier, trait and field of the merged customer, named by kinds and names only."""

from libs.merged_things import MergeAction, MergedThing
from services.profile.model import Profile

FIELDS = ("given_name", "family_name", "postal_address")


def things_of(source: Profile, survivor: Profile, after: Profile) -> tuple[MergedThing, ...]:
    """Say what became of each thing that the source had."""
    return (*_identifiers(source, survivor, after), *_fields(source, survivor), *_traits(source, survivor, after))


def _identifiers(source: Profile, survivor: Profile, after: Profile) -> list[MergedThing]:
    own = {held.identifier.key: held for held in survivor.identifiers}
    kept = {held.identifier.key: held for held in after.identifiers}
    things: list[MergedThing] = []
    for held in source.identifiers:
        key, kind = held.identifier.key, str(held.identifier.kind)
        details = (("proven", "yes" if held.identifier.identifies else "no"),)
        if key not in kept:
            action, why = MergeAction.DROPPED, "There are newer ones of this kind, and no room for more."
        elif key not in own:
            action, why = MergeAction.KEPT, "It leads to the customer who remains."
        elif kept[key] == held != own[key]:
            action, why = MergeAction.REPLACED, "Only the merged customer had proven it."
        else:
            action, why = MergeAction.SURVIVOR_STANDS, "The customer who remains holds it too."
        things.append(MergedThing("identifier", kind, action, why, details))
    return things


def _fields(source: Profile, survivor: Profile) -> list[MergedThing]:
    return [
        MergedThing("field", name, MergeAction.SURVIVOR_STANDS, "The customer who remains has one.")
        if getattr(survivor, name)
        else MergedThing("field", name, MergeAction.KEPT, "The customer who remains had none.")
        for name in FIELDS
        if getattr(source, name)
    ]


def _traits(source: Profile, survivor: Profile, after: Profile) -> list[MergedThing]:
    own = {trait.name for trait in survivor.traits}
    kept = {trait.name: trait for trait in after.traits}
    things: list[MergedThing] = []
    for trait in source.traits:
        if trait.name in own and kept.get(trait.name) == trait:
            action, why = MergeAction.REPLACED, "By the rule of this trait the merged customer's stays."
        elif trait.name in own:
            action, why = (
                MergeAction.SURVIVOR_STANDS,
                "By the rule of this trait the other one's stays.",
            )
        elif trait.name in kept:
            action, why = MergeAction.KEPT, "The customer who remains had none."
        else:
            action, why = MergeAction.DROPPED, "There is no room for more traits."
        things.append(MergedThing("trait", trait.name, action, why))
    return things
