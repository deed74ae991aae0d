"""Decides whether a message may go, by which way, and when: ordered gates, each of which may end the matter.

Pure: they are given what the other services said a moment ago. Where one of these did not answer there is nothing to
judge, and the message waits. What could not be sent at any hour does not wait for one: the gates that may let it wait
come last. The last gate of all, whether the text can be made, is asked where it is made (`deciding/preparing`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from services.messaging.deciding.caps import below_caps
from services.messaging.deciding.facts import Facts
from services.messaging.deciding.judgement import Finding
from services.messaging.deciding.relevance import not_bought, still_relevant
from services.messaging.deciding.timing import at_the_chosen_time, not_in_quiet_hours, not_paused
from services.messaging.deciding.verdicts import Opinion, Outcome, Send, Skip
from services.messaging.deciding.verdicts import Wait as Wait
from services.messaging.deciding.ways import consented, not_suppressed, some_way_is_open
from services.messaging.values import Message, Reason

Gate = Callable[[Message, Facts], Opinion]

GATES: tuple[Gate, ...] = (
    still_relevant,
    not_bought,
    consented,
    not_suppressed,
    not_paused,
    below_caps,
    some_way_is_open,
    not_in_quiet_hours,
    at_the_chosen_time,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided, and what each gate said up to the one that ended it."""

    outcome: Outcome
    findings: tuple[Finding, ...]


def judge(message: Message, facts: Facts) -> Judged:
    """Ask one gate after the other until one lets the message wait or not go; else it goes by the way chosen."""
    way: Send | None = None
    findings: list[Finding] = []
    for gate in GATES:
        opinion = gate(message, facts)
        findings.append(opinion.finding)
        if isinstance(opinion.ending, Send):
            way = opinion.ending
        elif opinion.ending is not None:
            return Judged(opinion.ending, tuple(findings))
    return Judged(way or Skip(Reason.NO_PROVIDER), tuple(findings))
