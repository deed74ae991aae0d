"""What was decided about a message, by which gates and from what: kept with the message, so that anybody can ask why.

Nothing here is personal: facts are names, numbers, times and counts; addresses and texts are never among them.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

GateVerdict = Literal["PASS", "WAIT", "SKIP"]
Verdict = Literal["SEND", "WAIT", "SKIP"]
Fact = tuple[str, str]

MOST_KEPT = 4
"""The first judgement of a message and the newest three."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one gate said."""

    gate: str
    verdict: GateVerdict
    reason: str = ""
    """A word such as `NO_CONSENT`; empty where it passed."""
    facts: tuple[Fact, ...] = ()
    """What it was decided by: names and values without personal data."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One time that a message was judged: the gates in their order, up to the one that ended the matter."""

    time: datetime
    traceparent: str
    """The trace in which it was judged."""
    verdict: Verdict
    reason: str = ""
    """Of the gate that ended it; empty where it was sent."""
    until: datetime | None = None
    """Until when it waits."""
    findings: tuple[Finding, ...] = ()
    inputs: tuple[tuple[str, int], ...] = ()
    """What it was judged by, and in which version: `preference`, `cart`, `profile`, `template`."""


def with_judgement(kept: tuple[Judgement, ...], newest: Judgement, most: int = MOST_KEPT) -> tuple[Judgement, ...]:
    """Add one, and keep the first and the newest, `most` in all."""
    return newest_judgements((*kept, newest), most)


def newest_judgements(judgements: tuple[Judgement, ...], most: int) -> tuple[Judgement, ...]:
    """Give the first and the newest, `most` in all, at least 1: the newest."""
    if len(judgements) <= most:
        return judgements
    first = judgements[: most - 1 and 1]
    return (*first, *judgements[len(first) - most :])


def only(
    gate: str, verdict: GateVerdict, reason: str, /, *, time: datetime, traceparent: str, **facts: str
) -> Judgement:
    """Give the judgement of a message that met only one gate, since that ended the matter before all others."""
    whole: Verdict = "SKIP" if verdict == "SKIP" else "WAIT"
    finding = Finding(gate, verdict, reason, tuple(facts.items()))
    return Judgement(time, traceparent, whole, reason, findings=(finding,))
