"""What a merge did with each thing that the merged customer had, in the words of `omnithread.common.v1.MergedThing`."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from omnithread.common.v1 import attribute_pb2, merge_pb2

MAX_THINGS = 1000


class MergeAction(enum.StrEnum):
    """What became of one thing."""

    KEPT = "kept"
    SUMMED = "summed"
    REPLACED = "replaced"
    SURVIVOR_STANDS = "survivor_stands"
    SET_ASIDE = "set_aside"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class MergedThing:
    """One thing. It is named by ids and field names, never by a value that is personal."""

    kind: str
    """What sort of thing, for example `cart_line`, `consent`, `trait`."""
    name: str
    """Which one: an id or a field name."""
    action: MergeAction
    why: str
    """In a sentence for a person."""
    details: tuple[tuple[str, str], ...] = ()
    """Facts of the decision by name, sorted."""

    def to_fields(self) -> dict[str, Any]:
        """Write it as MongoDB keeps it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "action": str(self.action),
            "why": self.why,
            "details": [list(detail) for detail in self.details],
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> "MergedThing":
        """Read it back."""
        return cls(
            kind=fields["kind"],
            name=fields["name"],
            action=MergeAction(fields["action"]),
            why=fields["why"],
            details=tuple((key, value) for key, value in fields["details"]),
        )


def things_to_proto(things: Iterable[MergedThing]) -> list[merge_pb2.MergedThing]:
    """Write things as the contract has them."""
    return [
        merge_pb2.MergedThing(
            kind=thing.kind,
            name=thing.name,
            action=merge_pb2.MergeAction.Value(f"MERGE_ACTION_{thing.action.name}"),
            why=thing.why,
            details=[attribute_pb2.Attribute(key=key, value=value) for key, value in thing.details],
        )
        for thing in things
    ]


def at_most(things: tuple[MergedThing, ...]) -> tuple[MergedThing, ...]:
    """Give what fits into a report; the last one says how many more there are."""
    if len(things) <= MAX_THINGS:
        return things
    left = len(things) - MAX_THINGS + 1
    more = MergedThing("more", "", MergeAction.KEPT, "More things than a report holds.", (("count", str(left)),))
    return (*things[: MAX_THINGS - 1], more)
