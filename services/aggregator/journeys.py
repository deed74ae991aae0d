"""Which journey a touchpoint belongs to: by customer and time of occurrence, in whatever order the news of it arrives.

A customer's acts form journeys: two with no long silence between (30 days, unless configured otherwise) are in one.
Each piece knows the silence that was configured when its last act was noted, so that a new configuration changes
nothing that has happened. What the company does (mails, timers) prolongs nothing: it belongs to the journey that began
last before it. So a touchpoint carries no journey; its journey follows from its time, and a late one that closes a gap
makes two journeys one without rewriting anything.

A journey also ends when an order that was placed in it is picked up, delivered or cancelled, the first of them if there
are several, or with a goal that ends journeys; what the customer does after that (or some hours later, as configured)
begins the next one. Told late, such an end parts what has come since.
For that the record keeps its acts in pieces, which no known end lies within, whether it ends a journey or not (the
order may be an earlier one's, which only later news tells); what a journey is, is worked out from the pieces.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.aggregator.journey_goals import bounded
from services.aggregator.journey_pieces import (
    act_of,
    covers,
    join,
    joins,
    kept_since,
    newest_ticks,
    place_before,
    settle,
)
from services.aggregator.journey_spans import ended_by, grouped, spans
from services.aggregator.journey_values import (
    GAP,
    ID_CHARACTERS,
    LONG_AGO,
    MAX_CHANNEL_IDS,
    MAX_ENDS,
    MAX_JOURNEYS,
    MAX_TICKS,
    REACHED,
    End,
    Journey,
    Reached,
    Span,
    Tick,
    Timeline,
    earliest,
)


def note_act(
    timeline: Timeline, *, time: datetime, channel_id: str, journey_id: str, gap_days: int = GAP.days
) -> Timeline:
    """Add something that the customer did; `journey_id` is for the journey that this may open."""
    begin, over = kept_since(timeline), timeline.retired_until_time
    if begin is not None and over is not None and time <= over:
        is_of_one_that_left = time + timedelta(days=gap_days) < begin or _is_end(timeline, over)
        if is_of_one_that_left:
            return timeline
    act = act_of(time, channel_id, journey_id, gap_days)
    return _with_act(_with_tick(timeline, Tick(time, channel_id)), act)


def note_other(timeline: Timeline, *, time: datetime, journey_id: str, gap_days: int = GAP.days) -> Timeline:
    """Add something that the company did; `journey_id` is for the case that it is the very first touchpoint."""
    begin = kept_since(timeline)
    if begin is not None and time < begin:
        return timeline
    return _with_other(_with_tick(timeline, Tick(time, "")), time, journey_id, gap_days)


def note_end(timeline: Timeline, end: End) -> Timeline:
    """Add that an order was done, or a goal reached. What came after it was told of already is parted.

    It changes nothing where the journeys of that time have left the record, or more than 100 touchpoints came since.
    """
    time, begin = end.parts_time, kept_since(timeline)
    is_told = end in timeline.ends
    if is_told or not _is_known_since(timeline, time) or (begin is not None and end.time < begin):
        return timeline
    ended = replace(timeline, ends=_in_order((*timeline.ends, end)))
    place = place_before(timeline, time)
    if place is None:
        return settle(ended)
    piece = timeline.journeys[place]
    own = [tick for tick in timeline.ticks if covers(timeline, piece, tick.time)]
    after = [tick for tick in own if tick.time > time]
    left = _without(piece, own, end)
    stripped = replace(ended, journeys=(*timeline.journeys[:place], left, *timeline.journeys[place + 1 :]))
    for tick in after:
        if tick.channel_id:
            again = act_of(tick.time, tick.channel_id, _derived_id(piece.journey_id, time), piece.gap_days)
            stripped = replace(stripped, journeys=join((*stripped.journeys, again), stripped.ends))
        else:
            stripped = _with_other(stripped, tick.time, "", piece.gap_days)
    return settle(_bounded(stripped))


def note_goals(timeline: Timeline, reached: Iterable[Reached]) -> Timeline:
    """Add goals that were reached, each once; what belongs to a journey that has left the record is not kept."""
    begin = kept_since(timeline) or LONG_AGO
    ours = [one for one in (*timeline.goals, *reached) if one.of_time >= begin]
    return replace(timeline, goals=bounded(ours, [span.start_time for span in spans(timeline)])) if ours else timeline


def unite(one: Timeline, other: Timeline) -> Timeline:
    """Make one timeline of two customers who turned out to be one. Journeys that meet in time become one."""
    retired = max(one, other, key=lambda timeline: timeline.retired_until_time or LONG_AGO)
    first, second = _with_ends(one, other.ends), _with_ends(other, one.ends)
    ends = _in_order({*first.ends, *second.ends})
    united = settle(
        _bounded(
            Timeline(
                journeys=join((*first.journeys, *second.journeys), ends),
                loose_times=tuple(sorted((*first.loose_times, *second.loose_times))),
                first_time=earliest(one.first_time, other.first_time),
                looked_time=max((t for t in (one.looked_time, other.looked_time) if t), default=None),
                retired_id=retired.retired_id,
                retired_until_time=retired.retired_until_time,
                ticks=newest_ticks((*one.ticks, *other.ticks)),
                ends=ends,
            )
        )
    )
    return note_goals(united, (*one.goals, *other.goals))


def retire(timeline: Timeline) -> tuple[Timeline, tuple[Span, ...]]:
    """Let the oldest journeys go where there are more than a record holds; they are given back as they stay."""
    groups = grouped(timeline)
    surplus = len(groups) - MAX_JOURNEYS
    if surplus <= 0:
        return timeline, ()
    gone = spans(timeline)[:surplus]
    kept = tuple(timeline.journeys[place] for group in groups[surplus:] for place in group)
    end = ended_by(timeline, groups[surplus - 1])
    over, begin = end.parts_time if end else gone[-1].end_time, kept[0].first_act_time or LONG_AGO
    left = replace(
        timeline,
        journeys=kept,
        retired_id=gone[-1].journey_id,
        retired_until_time=over,
        ends=tuple(end for end in timeline.ends if end.parts_time >= begin or end.parts_time == over),
        goals=tuple(one for one in timeline.goals if one.of_time >= begin),
    )
    return settle(left), gone


def _with_act(timeline: Timeline, act: Journey) -> Timeline:
    opened = any(joins(journey, act, timeline.ends) for journey in timeline.journeys)
    journeys = join((*timeline.journeys, act), timeline.ends, forget=act.journey_id if opened else "")
    return settle(replace(timeline, journeys=journeys, first_time=earliest(timeline.first_time, act.first_act_time)))


def _with_other(timeline: Timeline, time: datetime, journey_id: str, gap_days: int) -> Timeline:
    return settle(
        replace(
            timeline,
            journeys=timeline.journeys or (Journey(journey_id=journey_id, gap_days=gap_days),),
            loose_times=tuple(sorted((*timeline.loose_times, time))),
            first_time=earliest(timeline.first_time, time),
        )
    )


def _with_tick(timeline: Timeline, tick: Tick) -> Timeline:
    return replace(timeline, ticks=newest_ticks((*timeline.ticks, tick)))


def _with_ends(timeline: Timeline, ends: Iterable[End]) -> Timeline:
    for end in ends:
        timeline = note_end(timeline, end)
    return timeline


def _in_order(ends: Iterable[End]) -> tuple[End, ...]:
    """Sort ends whatever their order was; where two orders were done at once, what was reached comes first."""
    return tuple(sorted(ends, key=lambda end: (end.parts_time, end.time, end.placed_time, end.why != REACHED, end.why)))


def _is_known_since(timeline: Timeline, time: datetime) -> bool:
    """Say whether all that came after a time is known one by one; what a version without ticks noted is not."""
    if len(timeline.ticks) >= MAX_TICKS and timeline.ticks[0].time > time:
        return False
    place = place_before(timeline, time)
    last = timeline.journeys[place].last_act_time if place is not None else None
    return last is None or last <= time or any(tick.time == last and tick.channel_id for tick in timeline.ticks)


def _without(piece: Journey, own: Sequence[Tick], end: End) -> Journey:
    """Give a piece without what came after an end; `own` are its touchpoints, as far as they are known."""
    after = sum(1 for tick in own if tick.time > end.parts_time)
    acts = [tick for tick in own if tick.channel_id and tick.time <= end.parts_time]
    first, last = piece.first_act_time, piece.last_act_time
    if first is None or last is None or last <= end.parts_time:
        return replace(piece, settled_count=piece.settled_count - after)
    known = max((tick.time for tick in acts), default=max(first, min(end.placed_time, end.parts_time)))
    channels = {tick.channel_id for tick in acts} if len(own) == piece.settled_count else {*piece.channel_ids}
    return replace(
        piece,
        last_act_time=known,
        settled_count=piece.settled_count - after,
        channel_ids=tuple(sorted(channels)[:MAX_CHANNEL_IDS]),
    )


def _bounded(timeline: Timeline) -> Timeline:
    """Forget ends that end no journey where there are too many, the oldest first."""
    beyond = len(timeline.ends) - MAX_ENDS
    if beyond <= 0:
        return timeline
    ending = {ended_by(timeline, group) for group in grouped(timeline)}
    idle = [end for end in timeline.ends if end not in ending and end.parts_time != timeline.retired_until_time]
    return replace(timeline, ends=tuple(end for end in timeline.ends if end not in idle[:beyond]))


def _is_end(timeline: Timeline, time: datetime) -> bool:
    return any(end.parts_time == time for end in timeline.ends)


def _derived_id(journey_id: str, time: datetime) -> str:
    """Give the id of a journey that turned out to begin after another one's end: the same one whoever finds it out."""
    return f"jrn_{hashlib.sha256(f'{journey_id}:{time.isoformat()}'.encode()).hexdigest()[:ID_CHARACTERS]}"
