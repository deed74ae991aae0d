"""What can be decided about a message, and how a gate says it."""

from dataclasses import dataclass
from datetime import datetime

from services.messaging.deciding.judgement import Finding
from services.messaging.values import DeliveryKind, Reason


@dataclass(frozen=True, slots=True)
class Send:
    """It may go now, this way."""

    kind: DeliveryKind


@dataclass(frozen=True, slots=True)
class Wait:
    """It may go later."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """It does not go."""

    reason: Reason


Outcome = Send | Wait | Skip


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one gate says: its finding, and where that ends the matter, how."""

    finding: Finding
    ending: Outcome | None = None


def passes(gate: str, /, **facts: str) -> Opinion:
    """Say that this gate has nothing against it."""
    return Opinion(Finding(gate, "PASS", "", tuple(facts.items())))


def chooses(gate: str, kind: DeliveryKind, /, **facts: str) -> Opinion:
    """Say by which way it goes, unless a later gate has something against it."""
    return Opinion(Finding(gate, "PASS", "", tuple(facts.items())), Send(kind))


def waits(gate: str, reason: Reason, until: datetime, /, **facts: str) -> Opinion:
    """Say that it may go later."""
    return Opinion(Finding(gate, "WAIT", reason.value, tuple(facts.items())), Wait(until))


def skips(gate: str, reason: Reason, /, **facts: str) -> Opinion:
    """Say that it does not go."""
    return Opinion(Finding(gate, "SKIP", reason.value, tuple(facts.items())), Skip(reason))
