"""What a customer's journeys are, worked out from their pieces. Pure.

Pieces that meet are one journey, unless an order that was placed in it was done between them.
"""

from collections.abc import Sequence
from datetime import datetime

from services.aggregator.journey_goals import shown
from services.aggregator.journey_pieces import meets, start_time_of
from services.aggregator.journey_values import (
    LONG_AGO,
    MAX_CHANNEL_IDS,
    MAX_JOINED_IDS,
    REACHED,
    SILENT,
    End,
    Reached,
    Span,
    Timeline,
)


def spans(timeline: Timeline) -> tuple[Span, ...]:
    """Give the journeys as they look from outside, oldest first."""
    groups = grouped(timeline)
    starts = [start_time_of(timeline, group[0]) for group in groups]
    found: list[Span] = []
    for number, group in enumerate(groups):
        pieces = [timeline.journeys[place] for place in group]
        until_time = starts[number + 1] if number + 1 < len(starts) else None
        goals = shown(timeline.goals, starts[number] if number else LONG_AGO, until_time)
        end_time = _end_time(timeline, group, starts[number])
        names = {name for piece in pieces for name in (piece.journey_id, *piece.joined_ids)} - {pieces[0].journey_id}
        found.append(
            Span(
                journey_id=pieces[0].journey_id,
                joined_ids=tuple(sorted(names)[-MAX_JOINED_IDS:]),
                previous_journey_id=found[-1].journey_id if found else timeline.retired_id,
                start_time=starts[number],
                last_act_time=pieces[-1].last_act_time,
                end_time=end_time,
                until_time=until_time,
                touchpoint_count=sum(piece.settled_count for piece in pieces)
                + sum(
                    1
                    for time in timeline.loose_times
                    if starts[number] <= time and (until_time is None or time < until_time)
                ),
                channel_ids=tuple(sorted({one for piece in pieces for one in piece.channel_ids})[:MAX_CHANNEL_IDS]),
                why_ended=_why_ended(ended_by(timeline, group), goals) if end_time is not None else "",
                goals=goals,
            )
        )
    return tuple(found)


def journey_at(timeline: Timeline, time: datetime) -> str:
    """Give the id of the journey that has what happened at `time`; empty where there is none at all."""
    owner = timeline.retired_id
    for span in spans(timeline):
        if span.start_time <= time or not owner:
            owner = span.journey_id
    return owner


def due_time(timeline: Timeline) -> datetime | None:
    """Give when the newest journey is over unless the customer acts; None where it is, or there is none."""
    if not timeline.journeys or spans(timeline)[-1].end_time is not None:
        return None
    newest = timeline.journeys[-1]
    return (newest.last_act_time or start_time_of(timeline, len(timeline.journeys) - 1)) + newest.gap


def grouped(timeline: Timeline) -> list[list[int]]:
    """Give the pieces of each journey, by their places: pieces that meet, and no order of theirs was done between."""
    groups: list[list[int]] = []
    for place, piece in enumerate(timeline.journeys):
        before = timeline.journeys[groups[-1][-1]] if groups else None
        goes_on = before is not None and meets(before, piece)
        if goes_on and not _ended_before(timeline, groups[-1], piece.first_act_time):
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def ended_by(timeline: Timeline, group: Sequence[int]) -> End | None:
    """Give the first end of this journey's own, after its last act as far as the pieces go."""
    newest = timeline.journeys[group[-1]]
    first, last = timeline.journeys[group[0]].first_act_time, newest.last_act_time
    if first is None or last is None:
        return None
    ends = (end for end in timeline.ends if last <= end.parts_time and end.time <= last + newest.gap)
    of_its_own = (end for end in ends if first <= end.placed_time)
    return next((end for end in of_its_own if end.placed_time <= end.time), None)


def _ended_before(timeline: Timeline, group: Sequence[int], until: datetime | None) -> bool:
    end = ended_by(timeline, group)
    return end is not None and until is not None and end.parts_time < until


def _end_time(timeline: Timeline, group: Sequence[int], start_time: datetime) -> datetime | None:
    end = ended_by(timeline, group)
    if end is not None:
        return end.time
    newest = timeline.journeys[group[-1]]
    over = (newest.last_act_time or start_time) + newest.gap
    is_newest = group[-1] + 1 == len(timeline.journeys)
    if is_newest and (timeline.looked_time is None or timeline.looked_time < over):
        return None
    return over


def _why_ended(end: End | None, goals: Sequence[Reached]) -> str:
    """An end says it, if there is one; after a silence it is whether a goal was reached."""
    if end is not None:
        return end.why
    return REACHED if goals else SILENT
