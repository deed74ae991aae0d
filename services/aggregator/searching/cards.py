"""A journey in short, as it is kept ready for searches and reports, and what it is found by. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.aggregator.journey_convert import OUTCOMES
from services.aggregator.journey_values import Span
from services.aggregator.searching.trails import Trail

SHOWN_STEPS = 30
"""So much of a way is shown, and told apart in reports."""
EVERY = "*"
GOING_ON = "open"
PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Card:
    """One journey, and how far its touchpoints were followed."""

    customer_id: str
    span: Span
    trail: Trail
    """To its end."""
    settled: Trail
    """To where nothing is likely to come in between any more: the next change is followed from here."""
    generation: str = ""
    """Stands for who the customer was: after a merge or its undoing all is followed anew."""
    version: int = 0
    """Of the customer's record, from which it was made."""
    uncounted: int = 0
    """How many more touchpoints the record counts than its list has: what that says stays as it is."""

    @property
    def token(self) -> str:
        """What it stays marked with until its day knows of it: the same for the same content only."""
        return f"{self.customer_id}:{self.version}"

    @property
    def start_time(self) -> datetime:
        """When it began."""
        return self.span.start_time

    @property
    def last_time(self) -> datetime:
        """When the customer last did something in it; when it began, where they did nothing."""
        return self.span.last_act_time or self.span.start_time

    @property
    def goes_on(self) -> bool:
        """Whether it has not ended."""
        return self.span.end_time is None


def goals_of(span: Span) -> tuple[str, ...]:
    """Give the goals that were reached in a journey."""
    return tuple(goal.goal_id for goal in span.goals)


def outcome_of(span: Span) -> int:
    """Give how a journey ended, a value of `JourneyOutcome`."""
    return OUTCOMES[span.why_ended]


def marks_of(card: Card) -> list[str]:
    """Give what a card is found by: each is a word in an index, and a search asks for some of them together."""
    way = card.trail.way
    marks = {EVERY, exactly(way[:SHOWN_STEPS]), *(over(letter) for letter in way)}
    marks |= {over(before + after) for place, before in enumerate(way) for after in set(way[place + 1 :])}
    marks |= {on_channel(channel_id) for channel_id in card.span.channel_ids}
    marks |= {reached(goal_id) for goal_id in goals_of(card.span)}
    if card.goes_on:
        marks.add(GOING_ON)
    else:
        marks.add(ended(outcome_of(card.span)))
    if card.trail.problem_count:
        marks.add(PROBLEM)
    return sorted(marks)


def exactly(way: str) -> str:
    """Give the mark of the journeys whose way begins so, or is just that where it has fewer than 30 steps."""
    return f"way:{way}"


def over(letters: str) -> str:
    """Give the mark of the journeys that were on one kind of channel, or on one and later on another."""
    return f"over:{letters}"


def on_channel(channel_id: str) -> str:
    """Give the mark of the journeys on a channel."""
    return f"channel:{channel_id}"


def reached(goal_id: str) -> str:
    """Give the mark of the journeys that reached a goal."""
    return f"goal:{goal_id}"


def ended(outcome: int) -> str:
    """Give the mark of the journeys that ended so."""
    return f"ended:{outcome}"
