"""What a journey is: when it is over, and what it is for. A frozen set of rules, replaceable by a file.

The file is TOML; what it leaves out is as without a file:

    [journey]
    inactivity_days = 30        # so long may the customer be silent within one journey, 1 to 365
    reentry_hours = 0           # so long after an end, acts still belong to the ended journey; 0 to 720
    cancelled_order_ends = true # whether a cancelled order ends the journey in which it was placed

    [goals.purchase]
    when = [{ kind = "ORDER_PLACED" }]

    [goals.received]
    when = [{ kind = "ORDER_CHANGED", attributes = { state = ["picked up", "delivered"] } }]
    ends_journey = true

A goal is reached by the first touchpoint that fits one of its conditions: of this kind, and with one of the values
named for each attribute. With `[goals]` in the file, no other goals hold than those that it names.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from omnithread.context.v1.context_pb2 import (
    TOUCHPOINT_KIND_ORDER_CHANGED,
    TOUCHPOINT_KIND_ORDER_PLACED,
    TouchpointKind,
)

MAX_GOALS = 20
MAX_CONDITIONS = 10
MAX_ATTRIBUTES = 5
MAX_VALUES = 20
MOST_INACTIVITY_DAYS = 365
MOST_REENTRY_HOURS = 720
MOST_NAMED_FAULTS = 5
KIND_PREFIX = "TOUCHPOINT_KIND_"


@dataclass(frozen=True, slots=True)
class Condition:
    """A touchpoint fits that is of this kind and has, for each of these attributes, one of these values."""

    kind: int
    """A value of `TouchpointKind`."""
    attributes: tuple[tuple[str, frozenset[str]], ...] = ()

    def fits(self, kind: int, attributes: Mapping[str, str]) -> bool:
        """Say whether a touchpoint fits."""
        return kind == self.kind and all(attributes.get(name) in values for name, values in self.attributes)


@dataclass(frozen=True, slots=True)
class Goal:
    """What a journey can be for."""

    goal_id: str
    when: tuple[Condition, ...]
    """Any of these is enough."""
    ends_journey: bool = False


@dataclass(frozen=True, slots=True)
class JourneyRules:
    """When journeys are over, and what they are for."""

    inactivity: timedelta = timedelta(days=30)
    """So long may the customer be silent within one journey."""
    reentry: timedelta = timedelta(0)
    """So long after an end that a goal or a cancelled order makes, acts still belong to the ended journey."""
    cancelled_order_ends: bool = True
    goals: tuple[Goal, ...] = ()
    """By id."""

    def reached_by(self, kind: int, attributes: Sequence[tuple[str, str]]) -> tuple[Goal, ...]:
        """Give the goals that a touchpoint reaches, by id."""
        named = dict(attributes)
        return tuple(goal for goal in self.goals if any(one.fits(kind, named) for one in goal.when))

    def cancels(self, kind: int, attributes: Sequence[tuple[str, str]]) -> bool:
        """Say whether a touchpoint ends the journey of an order that was cancelled."""
        return self.cancelled_order_ends and CANCELLED.fits(kind, dict(attributes))


DONE = (("state", frozenset({"delivered", "picked up"})),)
CANCELLED = Condition(TOUCHPOINT_KIND_ORDER_CHANGED, (("state", frozenset({"cancelled"})),))
BUILT_IN = JourneyRules(
    goals=(
        Goal("purchase", (Condition(TOUCHPOINT_KIND_ORDER_PLACED),)),
        Goal(
            "received",
            (Condition(TOUCHPOINT_KIND_ORDER_CHANGED, DONE), Condition(TOUCHPOINT_KIND_ORDER_PLACED, DONE)),
            ends_journey=True,
        ),
    )
)
"""A journey ends when its order is picked up, delivered or cancelled, or after 30 days of silence."""


def load_journey_rules(file: Path | None) -> JourneyRules:
    """Read the rules from a file; the built-in ones where none is given. ValueError, in one line, for what is wrong."""
    if file is None:
        return BUILT_IN
    try:
        found = _File.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = error.errors()
        told = "; ".join(
            f"{'.'.join(str(step) for step in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in faults[:MOST_NAMED_FAULTS]
        )
        more = len(faults) - MOST_NAMED_FAULTS
        raise ValueError(f"{file}: {told}{f'; and {more} more' if more > 0 else ''}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file}: {error}") from error
    return JourneyRules(
        inactivity=timedelta(days=found.journey.inactivity_days),
        reentry=timedelta(hours=found.journey.reentry_hours),
        cancelled_order_ends=found.journey.cancelled_order_ends,
        goals=BUILT_IN.goals if found.goals is None else tuple(_goal(*one) for one in sorted(found.goals.items())),
    )


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Journey(_Strict):
    inactivity_days: int = Field(default=30, ge=1, le=MOST_INACTIVITY_DAYS)
    reentry_hours: int = Field(default=0, ge=0, le=MOST_REENTRY_HOURS)
    cancelled_order_ends: bool = True

    @model_validator(mode="after")
    def _reenters_before_it_is_over(self) -> "_Journey":
        if self.reentry_hours > self.inactivity_days * 24:
            raise ValueError("reentry_hours are more than inactivity_days: that long no journey goes on")
        return self


_Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_Value = Annotated[str, StringConstraints(min_length=1, max_length=256)]
_Values = Annotated[list[_Value], Field(min_length=1, max_length=MAX_VALUES)]


class _Condition(_Strict):
    kind: str
    attributes: Annotated[dict[_Name, _Value | _Values], Field(max_length=MAX_ATTRIBUTES)] = {}

    @model_validator(mode="after")
    def _kind_is_known(self) -> "_Condition":
        if f"{KIND_PREFIX}{self.kind}" not in TouchpointKind.keys()[1:]:  # the first stands for none
            raise ValueError(f"`{self.kind}` is no kind of touchpoint")
        return self


class _Goal(_Strict):
    when: Annotated[list[_Condition], Field(min_length=1, max_length=MAX_CONDITIONS)]
    ends_journey: bool = False


class _File(_Strict):
    journey: _Journey = _Journey()
    goals: Annotated[dict[_Id, _Goal], Field(max_length=MAX_GOALS)] | None = None


def _goal(goal_id: str, entry: _Goal) -> Goal:
    return Goal(goal_id, tuple(_condition(one) for one in entry.when), entry.ends_journey)


def _condition(entry: _Condition) -> Condition:
    named = sorted(entry.attributes.items())
    attributes = tuple((name, frozenset([told] if isinstance(told, str) else told)) for name, told in named)
    return Condition(TouchpointKind.Value(f"{KIND_PREFIX}{entry.kind}"), attributes)
