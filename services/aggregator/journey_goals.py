"""The goals that were reached, and which of them a journey shows: the first of each. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from libs.journey_rules import MAX_GOALS as MAX_SHOWN
from services.aggregator.journey_values import LONG_AGO, MAX_GOALS, Reached


def in_order(goals: Iterable[Reached]) -> tuple[Reached, ...]:
    """Give each once, by the time of reaching."""
    each = {(one.touchpoint_id, one.goal_id): one for one in goals}
    return tuple(sorted(each.values(), key=lambda one: (one.time, one.touchpoint_id, one.goal_id)))


def shown(goals: Iterable[Reached], since: datetime, until: datetime | None) -> tuple[Reached, ...]:
    """Give what the journey of this time shows, of goals in order: the first of each, at most 20."""
    first: dict[str, Reached] = {}
    for one in goals:
        if since <= one.of_time and (until is None or one.of_time < until):
            first.setdefault(one.goal_id, one)
    return tuple(first.values())[:MAX_SHOWN]


def bounded(goals: Iterable[Reached], starts: Sequence[datetime]) -> tuple[Reached, ...]:
    """Give at most 200 of them in order, each once, without losing what a journey shows.

    `starts` is when each journey begins, oldest first.
    """
    kept = in_order(goals)
    beyond = len(kept) - MAX_GOALS
    if beyond <= 0:
        return kept
    bounds = [LONG_AGO, *starts[1:], None]
    needed = {one for since, until in pairwise(bounds) for one in shown(kept, since or LONG_AGO, until)}
    spare = set([one for one in kept if one not in needed][:beyond])
    return tuple(one for one in kept if one not in spare)
