"""Decides who belongs to a segment: pure, bounded, and the same whoever asks.

A condition is fulfilled, not fulfilled, or neither: where the value is not there or cannot be compared, it counts as
not fulfilled, negated or not. Whether a value is there can always be said.
Counts and sums are always there: who never bought has bought 0 times.
"""

import enum
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from services.profile.facts import Facts, total
from services.profile.facts_fields import NANOS_PER_UNIT
from services.profile.model import Profile, TraitValue


class Operator(enum.StrEnum):
    """How a value is compared."""

    EXISTS = "exists"
    EQUAL = "equal"
    LESS = "less"
    AT_MOST = "at_most"
    GREATER = "greater"
    AT_LEAST = "at_least"
    WITHIN_DAYS = "within_days"
    OLDER_THAN_DAYS = "older_than_days"


BY_ORDER: Mapping[Operator, Callable[[Any, Any], bool]] = {  # two numbers, or two times
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
}
BY_AGE = frozenset({Operator.WITHIN_DAYS, Operator.OLDER_THAN_DAYS})

Value = str | Decimal | bool | datetime
"""What is compared: numbers exactly as they are written."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What one value has to be."""

    field: str
    operator: Operator
    value: TraitValue | None
    """None for EXISTS."""
    negated: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """A named set of customers: who fulfils at least one condition of every group."""

    segment_id: str
    description: str = ""
    all_of: tuple[tuple[Condition, ...], ...] = ()
    active: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one condition says of a customer."""

    condition: Condition
    group: int
    is_there: bool
    fulfilled: bool


class Subject:
    """A customer as conditions see them, at a time."""

    def __init__(self, profile: Profile, *, now: datetime) -> None:
        self._profile = profile
        self._now = now
        self._facts: Facts | None = None

    def value(self, field: str) -> Value | None:
        """Give a value of the customer; None where it is not there."""
        area, _, name = field.partition(".")
        if area == "kind":
            return str(self._profile.kind)
        if area == "trait":
            found = next((trait.value for trait in self._profile.traits if trait.name == name), None)
            return _comparable(found)
        if self._facts is None:
            self._facts = total(self._profile.ledger)
        return _fact(self._facts, name)

    def truth(self, condition: Condition) -> bool | None:
        """Say whether a condition, taken as not negated, is so; None where that cannot be said."""
        value = self.value(condition.field)
        if condition.operator is Operator.EXISTS:
            return value is not None
        if value is None:
            return None
        wanted = _comparable(condition.value)
        if condition.operator is Operator.EQUAL:
            return type(value) is type(wanted) and value == wanted
        if condition.operator in BY_AGE:
            if not isinstance(value, datetime) or not isinstance(wanted, Decimal):
                return None
            is_within = self._now - value <= timedelta(days=float(wanted))
            return is_within == (condition.operator is Operator.WITHIN_DAYS)
        if type(value) is not type(wanted) or not isinstance(value, Decimal | datetime):
            return None
        return BY_ORDER[condition.operator](value, wanted)

    def fulfils(self, condition: Condition) -> bool:
        """Say whether a condition is fulfilled; what cannot be said fulfils nothing."""
        truth = self.truth(condition)
        return truth is not None and truth != condition.negated

    def belongs(self, segment: Segment) -> bool:
        """Say whether the customer fulfils every group, whether or not the segment is in use."""
        return all(any(map(self.fulfils, group)) for group in segment.all_of)

    def turns(self, segment: Segment) -> Iterator[datetime]:
        """Give when conditions on ages become another truth by the mere passing of time."""
        for group in segment.all_of:
            for condition in group:
                if condition.operator in BY_AGE:
                    value, days = self.value(condition.field), _comparable(condition.value)
                    if isinstance(value, datetime) and isinstance(days, Decimal):
                        turn = _later(value, days)
                        if turn is not None and turn > self._now:
                            yield turn


def explain(profile: Profile, segment: Segment, *, now: datetime) -> tuple[Verdict, ...]:
    """Say condition by condition what a customer fulfils."""
    subject = Subject(profile, now=now)
    return tuple(
        Verdict(condition, index, subject.value(condition.field) is not None, subject.fulfils(condition))
        for index, group in enumerate(segment.all_of)
        for condition in group
    )


def next_turn(profile: Profile, segments: Sequence[Segment], *, now: datetime) -> datetime | None:
    """Give when it has to be looked again though nothing changes; None where time alone changes nothing."""
    subject = Subject(profile, now=now)
    return min((turn for segment in segments for turn in subject.turns(segment)), default=None)


def _fact(facts: Facts, name: str) -> Value | None:
    kind, _, which = name.partition(".")
    match kind:
        case "order_count":
            return Decimal(facts.order_count)
        case "spend":
            nanos = next((one.nanos for one in facts.spend if one.currency_code == which), 0)
            return Decimal(nanos) / NANOS_PER_UNIT
        case "visits":
            return Decimal(next((use.visit_count for use in facts.channels if use.channel.id == which), 0))
        case "first_seen_time":
            return facts.first_seen_time
        case "last_seen_time":
            return facts.last_seen_time
        case "last_purchase_time":
            return facts.last_purchase_time
        case "preferred_channel":
            return facts.preferred_channel.id if facts.preferred_channel else None
    return None


def _comparable(value: TraitValue | None) -> Value | None:
    """Give numbers as they are written: 19.99 is what somebody paid, not the float beside it."""
    if value is None or isinstance(value, str | bool | datetime):
        return value
    return Decimal(repr(float(value)))


def _later(time: datetime, days: Decimal) -> datetime | None:
    """Give the first moment at which a time is older than so many days."""
    try:
        return time + timedelta(days=float(days), milliseconds=1)
    except OverflowError:
        return None
