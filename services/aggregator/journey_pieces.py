"""The pieces of journeys: how acts become pieces, and touchpoints are counted with them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from services.aggregator.journey_values import (
    LONG_AGO,
    MAX_CHANNEL_IDS,
    MAX_JOINED_IDS,
    MAX_LOOSE_TIMES,
    MAX_TICKS,
    End,
    Journey,
    Tick,
    Timeline,
    earliest,
)


def act_of(time: datetime, channel_id: str, journey_id: str, gap_days: int) -> Journey:
    """Give the piece that one act makes."""
    return Journey(
        journey_id=journey_id,
        first_act_time=time,
        last_act_time=time,
        settled_count=1,
        channel_ids=(channel_id,),
        gap_days=gap_days,
    )


def join(journeys: Iterable[Journey], ends: Sequence[End], *, forget: str = "") -> tuple[Journey, ...]:
    """Make those that are one piece one, under the id of the one that began first; `forget` was never told."""
    joined: list[Journey] = []
    for journey in sorted(journeys, key=lambda journey: (journey.first_act_time or LONG_AGO, journey.journey_id)):
        if joined and joins(joined[-1], journey, ends):
            joined[-1] = _one_of(joined[-1], journey, forget)
        else:
            joined.append(journey)
    return tuple(joined)


def joins(one: Journey, other: Journey, ends: Sequence[End]) -> bool:
    """Say whether two pieces are one: they meet, and no end lies between."""
    first, second = sorted((one, other), key=lambda journey: journey.first_act_time or LONG_AGO)
    last, begin = first.last_act_time, second.first_act_time
    parted = last is not None and begin is not None and any(last <= end.parts_time < begin for end in ends)
    return meets(one, other) and not parted


def meets(one: Journey, other: Journey) -> bool:
    """Say whether no silence lies between two pieces that is longer than the first one's `gap`."""
    if one.first_act_time is None or other.first_act_time is None:
        return True  # one in which the customer did nothing yet has no time of its own
    if one.last_act_time is None or other.last_act_time is None:
        return True
    return one.first_act_time - other.last_act_time <= other.gap and other.first_act_time - one.last_act_time <= one.gap


def _one_of(first: Journey, second: Journey, forget: str) -> Journey:
    names = [n for n in (first.journey_id, second.journey_id, *first.joined_ids, *second.joined_ids) if n != forget]
    newest = max((first, second), key=lambda piece: piece.last_act_time or LONG_AGO)
    return Journey(
        journey_id=names[0],
        first_act_time=earliest(first.first_act_time, second.first_act_time),
        last_act_time=max((t for t in (first.last_act_time, second.last_act_time) if t), default=None),
        settled_count=first.settled_count + second.settled_count,
        channel_ids=tuple(sorted({*first.channel_ids, *second.channel_ids})[:MAX_CHANNEL_IDS]),
        joined_ids=tuple(sorted({*names[1:]} - {names[0]})[-MAX_JOINED_IDS:]),
        gap_days=newest.gap_days,
    )


def settle(timeline: Timeline) -> Timeline:
    """Count the loose touchpoints that now lie between a journey's first act and the silence after its last."""
    loose: list[datetime] = []
    gained = [0] * len(timeline.journeys)
    begin = kept_since(timeline) or LONG_AGO
    for time in timeline.loose_times:
        if time < begin:
            continue  # it went with a journey that has left
        place = next((i for i, journey in enumerate(timeline.journeys) if covers(timeline, journey, time)), None)
        if place is None:
            loose.append(time)
        else:
            gained[place] += 1
    while len(loose) > MAX_LOOSE_TIMES:
        gained[_place_at(timeline, loose.pop(0))] += 1
    journeys = tuple(
        replace(journey, settled_count=journey.settled_count + more)
        for journey, more in zip(timeline.journeys, gained, strict=True)
    )
    return replace(timeline, journeys=journeys, loose_times=tuple(loose))


def covers(timeline: Timeline, journey: Journey, time: datetime) -> bool:
    """Say whether a time is a piece's: up to its `gap` after its last act, or to the first end after it."""
    first, last = journey.first_act_time, journey.last_act_time
    if first is None or last is None or not first <= time <= last + journey.gap:
        return False
    return time <= last or not any(last <= end.parts_time < time for end in timeline.ends)


def newest_ticks(ticks: Iterable[Tick]) -> tuple[Tick, ...]:
    """Give the newest touchpoints that are kept one by one."""
    return tuple(sorted(ticks, key=lambda tick: (tick.time, tick.channel_id))[-MAX_TICKS:])


def kept_since(timeline: Timeline) -> datetime | None:
    """Give when the oldest journey that the record holds began, where older ones have left it."""
    return timeline.journeys[0].first_act_time if timeline.retired_id and timeline.journeys else None


def place_before(timeline: Timeline, time: datetime) -> int | None:
    """Give the place of the piece that began last before a time; None where none did."""
    began = [place for place, piece in enumerate(timeline.journeys) if (piece.first_act_time or time) <= time]
    return began[-1] if began else None


def _place_at(timeline: Timeline, time: datetime) -> int:
    starts = [start_time_of(timeline, place) for place in range(len(timeline.journeys))]
    return max((place for place, start in enumerate(starts) if start <= time), default=0)


def start_time_of(timeline: Timeline, place: int) -> datetime:
    """Give when a journey begins: with its first act, or, for the very first, with the first touchpoint of all."""
    first_act_time = timeline.journeys[place].first_act_time
    if place == 0 and not timeline.retired_id and timeline.first_time is not None:
        return timeline.first_time
    if first_act_time is None:
        raise ValueError("only the first journey can be without an act")
    return first_act_time
