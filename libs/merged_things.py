"""What a merge did with one thing, in the words that every service shares: a line of the report on a merge."""

from collections.abc import Iterable
from dataclasses import dataclass

from omnithread.common.v1.attribute_pb2 import Attribute
from omnithread.common.v1.merge_pb2 import (
    MERGE_ACTION_DROPPED,
    MERGE_ACTION_KEPT,
    MERGE_ACTION_REPLACED,
    MERGE_ACTION_SET_ASIDE,
    MERGE_ACTION_SUMMED,
    MERGE_ACTION_SURVIVOR_STANDS,
    MergeAction,
)
from omnithread.common.v1.merge_pb2 import MergedThing as MergedThingPb

KEPT = MERGE_ACTION_KEPT
SUMMED = MERGE_ACTION_SUMMED
REPLACED = MERGE_ACTION_REPLACED
SURVIVOR_STANDS = MERGE_ACTION_SURVIVOR_STANDS
SET_ASIDE = MERGE_ACTION_SET_ASIDE
DROPPED = MERGE_ACTION_DROPPED

MOST_THINGS = 1000
"""So many things a report lists; the first ones, where a merge did more."""


@dataclass(frozen=True, slots=True)
class MergedThing:
    """One thing that the merged customer had, and what became of it. Never holds a value that is personal."""

    kind: str
    """What sort of thing: `consent`, `cart_line`, `field`, ..."""
    name: str
    action: MergeAction.ValueType
    why: str
    """A sentence for a person."""
    details: tuple[tuple[str, str], ...] = ()
    """Facts of the decision, sorted by name."""


def merged_thing(kind: str, name: str, action: MergeAction.ValueType, why: str, **details: str | int) -> MergedThing:
    """Give one line of a report; details that are empty are left out."""
    told = sorted((key, str(value)) for key, value in details.items() if value != "")
    return MergedThing(kind, name, action, why, tuple(told))


def things_to_proto(things: Iterable[MergedThing]) -> list[MergedThingPb]:
    """Write the lines of a report, at most 1000."""
    return [
        MergedThingPb(
            kind=thing.kind,
            name=thing.name,
            action=thing.action,
            why=thing.why,
            details=[Attribute(key=key, value=value) for key, value in thing.details],
        )
        for thing in list(things)[:MOST_THINGS]
    ]
