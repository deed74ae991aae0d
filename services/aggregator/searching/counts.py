"""Counts journeys: what a report adds up. Pure; journey after journey, or count to count, in any order.

Whether a goal was reached is counted by goal, and under no name for any goal at all.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from omnithread.context.v1 import context_pb2
from services.aggregator.searching.cards import SHOWN_STEPS, Card, goals_of, outcome_of
from services.aggregator.searching.trails import Pair, Turn

ANY_GOAL = ""
OTHER_WAYS = "*"
"""In place of the ways that are too many to be kept."""
CUT = "+"
"""At the end of a way that went on after 30 steps."""

Key = TypeVar("Key")
Part = TypeVar("Part")
Break = tuple[int, int, str]
"""What the customer did last, on which kind of channel, and the reason of the last problem."""
OTHER_ENDS: Break = (-1, 0, "")
"""In place of the endings that are too many to be kept."""


@dataclass(slots=True)
class Tally:
    """How many journeys, and what became of them."""

    count: int = 0
    going_on: int = 0
    reached: Counter[str] = field(default_factory=Counter)
    """By goal."""

    def add(self, *, goes_on: bool, goals: Iterable[str]) -> None:
        """Count one."""
        self.count += 1
        self.going_on += goes_on
        self.reached.update(goals)

    def take(self, other: "Tally") -> None:
        """Count what was counted elsewhere."""
        self.count += other.count
        self.going_on += other.going_on
        self.reached.update(other.reached)


@dataclass(slots=True)
class TurnTally:
    """How often customers went from one kind of channel to another."""

    journeys: Tally = field(default_factory=Tally)
    times: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Counts:
    """All that is counted of some journeys. It has as many parts as there are kinds, goals and ways that were taken."""

    journeys: Tally = field(default_factory=Tally)
    inactive: int = 0
    cancelled: int = 0
    with_problem: int = 0
    handed_over: int = 0
    orders: int = 0
    totals: Counter[str] = field(default_factory=Counter)
    """What was ordered, in billionths, by currency."""
    ways: dict[str, Tally] = field(default_factory=dict)
    turns: dict[Turn, TurnTally] = field(default_factory=dict)
    places: dict[str, Tally] = field(default_factory=dict)
    """By kind of channel, whatever the order."""
    firsts: Counter[str] = field(default_factory=Counter)
    lasts: Counter[str] = field(default_factory=Counter)
    """Where those that have ended were last."""
    pairs: dict[Pair, Counter[int]] = field(default_factory=dict)
    ends: dict[Break, Tally] = field(default_factory=dict)
    """Of those that have ended."""

    def add(self, card: Card) -> None:
        """Count one journey."""
        trail, outcome = card.trail, outcome_of(card.span)
        goals = goals_of(card.span)
        goals = (ANY_GOAL, *goals) if goals else ()
        self.journeys.add(goes_on=card.goes_on, goals=goals)
        self.inactive += outcome == context_pb2.JOURNEY_OUTCOME_INACTIVE
        self.cancelled += outcome == context_pb2.JOURNEY_OUTCOME_CANCELLED
        self.with_problem += trail.problem_count > 0
        self.handed_over += trail.step_count > 1
        self.orders += trail.order_count
        self.totals.update(trail.totals)
        _of(self.ways, way_of(card), Tally).add(goes_on=card.goes_on, goals=goals)
        for turn, times in trail.turns.items():
            tally = _of(self.turns, turn, TurnTally)
            tally.journeys.add(goes_on=card.goes_on, goals=goals)
            tally.times.update(times)
        for place in set(trail.way):
            _of(self.places, place, Tally).add(goes_on=card.goes_on, goals=goals)
        for pair, times in trail.pairs.items():
            _of(self.pairs, pair, Counter[int]).update(times)
        if trail.way:
            self.firsts[trail.way[0]] += 1
        if not card.goes_on:
            self.lasts[trail.here] += bool(trail.here)
            ending = (trail.last_kind, trail.last_channel_kind, trail.last_problem)
            _of(self.ends, ending, Tally).add(goes_on=card.goes_on, goals=goals)

    def take(self, other: "Counts") -> None:
        """Count what was counted elsewhere."""
        self.journeys.take(other.journeys)
        self.inactive += other.inactive
        self.cancelled += other.cancelled
        self.with_problem += other.with_problem
        self.handed_over += other.handed_over
        self.orders += other.orders
        self.totals.update(other.totals)
        for way, tally in other.ways.items():
            _of(self.ways, way, Tally).take(tally)
        for turn, of_turn in other.turns.items():
            _of(self.turns, turn, TurnTally).journeys.take(of_turn.journeys)
            self.turns[turn].times.update(of_turn.times)
        for place, tally in other.places.items():
            _of(self.places, place, Tally).take(tally)
        self.firsts.update(other.firsts)
        self.lasts.update(other.lasts)
        for pair, times in other.pairs.items():
            _of(self.pairs, pair, Counter[int]).update(times)
        for ending, tally in other.ends.items():
            _of(self.ends, ending, Tally).take(tally)


def way_of(card: Card) -> str:
    """Give the way of a journey as reports tell ways apart."""
    way = card.trail.way[:SHOWN_STEPS]
    return f"{way}{CUT}" if card.trail.step_count > SHOWN_STEPS else way


def _of(parts: dict[Key, Part], key: Key, new: type[Part]) -> Part:
    if key not in parts:
        parts[key] = new()
    return parts[key]
