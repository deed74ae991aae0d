"""What came of an Identify, in the facts that its record keeps for retries. They name positions, never values."""

import enum
from collections.abc import Mapping, Sequence

from libs.mongo.values import Outcome
from services.profile.model import Identifier, Profile
from services.profile.who import SetAsideReason, Verdict


class IdentifyOutcome(enum.StrEnum):
    """What came of the call."""

    FOUND = "found"
    CREATED = "created"
    LINKED = "linked"
    MERGED = "merged"


def facts_of(
    outcome: IdentifyOutcome, verdict: Verdict, identifiers: Sequence[Identifier], *, entrance: str
) -> dict[str, str]:
    """Write what a retry of this call will be told."""
    return {
        "entrance": entrance,
        "outcome": str(outcome),
        "guests": ",".join(verdict.guests),
        "set_aside": ",".join(f"{identifiers.index(one)}:{reason}" for one, reason in verdict.set_aside),
    }


def outcome_of(outcome: Outcome[Profile]) -> IdentifyOutcome:
    """Read what came of a call. A merge counts once it was carried out: it is given up where the guest became known."""
    guests = set(filter(None, outcome.facts["guests"].split(",")))
    if guests.intersection(outcome.saved.lineage):
        return IdentifyOutcome.MERGED
    return IdentifyOutcome(outcome.facts["outcome"])


def entrance_of(outcome: Outcome[Profile]) -> str:
    """Read to whom the strongest identifier was linked first."""
    return outcome.facts.get("entrance", outcome.saved.customer_id)


def set_aside_of(
    facts: Mapping[str, str], identifiers: Sequence[Identifier]
) -> list[tuple[Identifier, SetAsideReason]]:
    """Read what was not used, of the same identifiers."""
    places = (entry.split(":") for entry in facts["set_aside"].split(",") if entry)
    return [(identifiers[int(place)], SetAsideReason(reason)) for place, reason in places]
