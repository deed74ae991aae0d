"""Which journey a touchpoint belongs to: by customer and time of occurrence, in whatever order the news of it arrives.

A customer's acts form journeys: two acts at most 30 days apart are in one. What the company does (mails, timers)
prolongs nothing: it belongs to the journey that began last before it. So a touchpoint carries no journey;
its journey follows from its time, and a late one that closes a gap makes two journeys one without rewriting anything.

A journey also ends when an order that was placed in it is picked up, delivered or cancelled, the first of them if there
are several; what the customer does after that begins the next one. Told late, such an end parts what has come since.
For that the record keeps its acts in pieces, which no known end lies within, whether it ends a journey or not (the
order may be an earlier one's, which only later news tells); what a journey is, is worked out from the pieces.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

GAP = timedelta(days=30)
"""So long may the customer be silent within one journey."""
MAX_JOURNEYS = 10
"""So many journeys a record holds; older ones have their own documents, and no longer change."""
MAX_LOOSE_TIMES = 100
"""So many touchpoints of the company's may await their journey; the oldest of more stay where they are counted."""
MAX_TICKS = 100
"""So many touchpoints, the newest, are known one by one: an end that is told after so many later ones is left out."""
MAX_ENDS = 60
"""So many ends of orders are kept; of more, the oldest that end no journey are forgotten."""
MAX_JOINED_IDS = 50
MAX_CHANNEL_IDS = 50
ID_CHARACTERS = 26
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tick:
    """One touchpoint, as far as the timeline needs it."""

    time: datetime
    channel_id: str
    """Empty for what the company did."""


@dataclass(frozen=True, slots=True)
class End:
    """An order was picked up, delivered or cancelled: it ends the journey in which it was placed."""

    time: datetime
    placed_time: datetime


@dataclass(frozen=True, slots=True)
class Journey:
    """A piece of a journey: a run of a customer's acts, none more than 30 days after the one before, no end within."""

    journey_id: str
    first_act_time: datetime | None = None
    """None before the customer did anything: then it is the only journey."""
    last_act_time: datetime | None = None
    settled_count: int = 0
    """The touchpoints from the first act to 30 days after the last, or to the next end: no news of an act can give them
    to another journey."""
    channel_ids: tuple[str, ...] = ()
    """Where the customer acted, sorted."""
    joined_ids: tuple[str, ...] = ()
    """The ids of journeys that turned out to be this one, sorted. They keep leading here."""

    def is_named(self, journey_id: str) -> bool:
        """Tell whether the id is, or once was, this journey's."""
        return journey_id == self.journey_id or journey_id in self.joined_ids


@dataclass(frozen=True, slots=True)
class Timeline:
    """A customer's journeys, as far as the record holds them."""

    journeys: tuple[Journey, ...] = ()
    """Oldest first, more than 30 days or an end apart."""
    loose_times: tuple[datetime, ...] = ()
    """When the company did something outside of the journeys' acts, sorted: news of an act may give it to another."""
    first_time: datetime | None = None
    """Of the first touchpoint of all."""
    looked_time: datetime | None = None
    """When a sweep last found the newest journey over."""
    retired_id: str = ""
    """The newest journey that has left the record."""
    retired_until_time: datetime | None = None
    """Acts up to here belong to the journeys that have left."""
    ticks: tuple[Tick, ...] = ()
    """The newest touchpoints, sorted by time."""
    ends: tuple[End, ...] = ()
    """Sorted by time."""


@dataclass(frozen=True, slots=True)
class Span:
    """A journey as it looks from outside. It has all touchpoints from `start_time` to before `until_time`."""

    journey_id: str
    joined_ids: tuple[str, ...]
    previous_journey_id: str
    start_time: datetime
    last_act_time: datetime | None
    end_time: datetime | None
    """When its order was done, or 30 days after the last act, once that is known to be over; None while it goes on."""
    until_time: datetime | None
    """When the next one began."""
    touchpoint_count: int
    channel_ids: tuple[str, ...]

    def is_named(self, journey_id: str) -> bool:
        """Tell whether the id is, or once was, this journey's."""
        return journey_id == self.journey_id or journey_id in self.joined_ids


def note_act(timeline: Timeline, *, time: datetime, channel_id: str, journey_id: str) -> Timeline:
    """Add something that the customer did; `journey_id` is for the journey that this may open."""
    begin, over = _kept_since(timeline), timeline.retired_until_time
    if begin is not None and over is not None and time <= over and (time + GAP < begin or _is_end(timeline, over)):
        return timeline
    return _with_act(_with_tick(timeline, Tick(time, channel_id)), time, channel_id, journey_id)


def note_other(timeline: Timeline, *, time: datetime, journey_id: str) -> Timeline:
    """Add something that the company did; `journey_id` is for the case that it is the very first touchpoint."""
    begin = _kept_since(timeline)
    if begin is not None and time < begin:
        return timeline
    return _with_other(_with_tick(timeline, Tick(time, "")), time, journey_id)


def note_end(timeline: Timeline, *, time: datetime, placed_time: datetime) -> Timeline:
    """Add that an order was done which was placed at `placed_time`. What came after it was told of already is parted.

    It changes nothing where the journeys of that time have left the record, or more than 100 touchpoints came since.
    """
    end, begin = End(time, placed_time), _kept_since(timeline)
    all_known = len(timeline.ticks) < MAX_TICKS or timeline.ticks[0].time <= time
    if end in timeline.ends or not all_known or (begin is not None and time < begin):
        return timeline
    ended = replace(timeline, ends=tuple(sorted((*timeline.ends, end), key=lambda one: (one.time, one.placed_time))))
    place = _place_before(timeline, time)
    if place is None:
        return _settle(ended)
    piece = timeline.journeys[place]
    own = [tick for tick in timeline.ticks if _covers(timeline, piece, tick.time)]
    after = [tick for tick in own if tick.time > time]
    left = _without(piece, own, end)
    stripped = replace(ended, journeys=(*timeline.journeys[:place], left, *timeline.journeys[place + 1 :]))
    for tick in after:
        if tick.channel_id:
            again = _act(tick.time, tick.channel_id, _derived_id(piece.journey_id, time))
            stripped = replace(stripped, journeys=_join((*stripped.journeys, again), stripped.ends))
        else:
            stripped = _with_other(stripped, tick.time, "")
    return _settle(_bounded(stripped))


def unite(one: Timeline, other: Timeline) -> Timeline:
    """Make one timeline of two customers who turned out to be one. Journeys that meet in time become one."""
    retired = max(one, other, key=lambda timeline: timeline.retired_until_time or LONG_AGO)
    first, second = _with_ends(one, other.ends), _with_ends(other, one.ends)
    ends = tuple(sorted({*first.ends, *second.ends}, key=lambda end: (end.time, end.placed_time)))
    return _settle(
        _bounded(
            Timeline(
                journeys=_join((*first.journeys, *second.journeys), ends),
                loose_times=tuple(sorted((*first.loose_times, *second.loose_times))),
                first_time=_earliest(one.first_time, other.first_time),
                looked_time=max((t for t in (one.looked_time, other.looked_time) if t), default=None),
                retired_id=retired.retired_id,
                retired_until_time=retired.retired_until_time,
                ticks=_newest((*one.ticks, *other.ticks)),
                ends=ends,
            )
        )
    )


def retire(timeline: Timeline) -> tuple[Timeline, tuple[Span, ...]]:
    """Let the oldest journeys go where there are more than a record holds; they are given back as they stay."""
    groups = _grouped(timeline)
    surplus = len(groups) - MAX_JOURNEYS
    if surplus <= 0:
        return timeline, ()
    gone = spans(timeline)[:surplus]
    kept = tuple(timeline.journeys[place] for group in groups[surplus:] for place in group)
    over, begin = gone[-1].end_time, kept[0].first_act_time or LONG_AGO
    left = replace(
        timeline,
        journeys=kept,
        retired_id=gone[-1].journey_id,
        retired_until_time=over,
        ends=tuple(end for end in timeline.ends if end.time >= begin or end.time == over),
    )
    return _settle(left), gone


def spans(timeline: Timeline) -> tuple[Span, ...]:
    """Give the journeys as they look from outside, oldest first."""
    groups = _grouped(timeline)
    starts = [_start_time(timeline, group[0]) for group in groups]
    found: list[Span] = []
    for number, group in enumerate(groups):
        pieces = [timeline.journeys[place] for place in group]
        until_time = starts[number + 1] if number + 1 < len(starts) else None
        names = {name for piece in pieces for name in (piece.journey_id, *piece.joined_ids)} - {pieces[0].journey_id}
        found.append(
            Span(
                journey_id=pieces[0].journey_id,
                joined_ids=tuple(sorted(names)[-MAX_JOINED_IDS:]),
                previous_journey_id=found[-1].journey_id if found else timeline.retired_id,
                start_time=starts[number],
                last_act_time=pieces[-1].last_act_time,
                end_time=_end_time(timeline, group, starts[number]),
                until_time=until_time,
                touchpoint_count=sum(piece.settled_count for piece in pieces)
                + sum(
                    1
                    for time in timeline.loose_times
                    if starts[number] <= time and (until_time is None or time < until_time)
                ),
                channel_ids=tuple(sorted({one for piece in pieces for one in piece.channel_ids})[:MAX_CHANNEL_IDS]),
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
    return (timeline.journeys[-1].last_act_time or _start_time(timeline, len(timeline.journeys) - 1)) + GAP


def _with_act(timeline: Timeline, time: datetime, channel_id: str, journey_id: str) -> Timeline:
    act = _act(time, channel_id, journey_id)
    opened = any(_joins(journey, act, timeline.ends) for journey in timeline.journeys)
    journeys = _join((*timeline.journeys, act), timeline.ends, forget=journey_id if opened else "")
    return _settle(replace(timeline, journeys=journeys, first_time=_earliest(timeline.first_time, time)))


def _act(time: datetime, channel_id: str, journey_id: str) -> Journey:
    return Journey(
        journey_id=journey_id, first_act_time=time, last_act_time=time, settled_count=1, channel_ids=(channel_id,)
    )


def _with_other(timeline: Timeline, time: datetime, journey_id: str) -> Timeline:
    return _settle(
        replace(
            timeline,
            journeys=timeline.journeys or (Journey(journey_id=journey_id),),
            loose_times=tuple(sorted((*timeline.loose_times, time))),
            first_time=_earliest(timeline.first_time, time),
        )
    )


def _with_tick(timeline: Timeline, tick: Tick) -> Timeline:
    return replace(timeline, ticks=_newest((*timeline.ticks, tick)))


def _newest(ticks: Iterable[Tick]) -> tuple[Tick, ...]:
    return tuple(sorted(ticks, key=lambda tick: (tick.time, tick.channel_id))[-MAX_TICKS:])


def _with_ends(timeline: Timeline, ends: Iterable[End]) -> Timeline:
    for end in ends:
        timeline = note_end(timeline, time=end.time, placed_time=end.placed_time)
    return timeline


def _without(piece: Journey, own: Sequence[Tick], end: End) -> Journey:
    """Give a piece without what came after an end; `own` are its touchpoints, as far as they are known."""
    after = sum(1 for tick in own if tick.time > end.time)
    acts = [tick for tick in own if tick.channel_id and tick.time <= end.time]
    first, last = piece.first_act_time, piece.last_act_time
    if first is None or last is None or last <= end.time:
        return replace(piece, settled_count=piece.settled_count - after)
    known = max((tick.time for tick in acts), default=max(first, min(end.placed_time, end.time)))
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
    ending = {_ended_by(timeline, group) for group in _grouped(timeline)}
    idle = [end for end in timeline.ends if end not in ending and end.time != timeline.retired_until_time][:beyond]
    return replace(timeline, ends=tuple(end for end in timeline.ends if end not in idle))


def _grouped(timeline: Timeline) -> list[list[int]]:
    """Give the pieces of each journey, by their places: pieces that meet, and no order of theirs was done between."""
    groups: list[list[int]] = []
    for place, piece in enumerate(timeline.journeys):
        before = timeline.journeys[groups[-1][-1]] if groups else None
        goes_on = before is not None and _meets(before, piece)
        if goes_on and not _ended_before(timeline, groups[-1], piece.first_act_time):
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups


def _ended_before(timeline: Timeline, group: Sequence[int], until: datetime | None) -> bool:
    end = _ended_by(timeline, group)
    return end is not None and until is not None and end.time < until


def _ended_by(timeline: Timeline, group: Sequence[int]) -> End | None:
    """Give the first end of an order of this journey, after its last act as far as the pieces go."""
    first, last = timeline.journeys[group[0]].first_act_time, timeline.journeys[group[-1]].last_act_time
    if first is None or last is None:
        return None
    of_its_own = (end for end in timeline.ends if last <= end.time <= last + GAP and first <= end.placed_time)
    return next((end for end in of_its_own if end.placed_time <= end.time), None)


def _is_end(timeline: Timeline, time: datetime) -> bool:
    return any(end.time == time for end in timeline.ends)


def _derived_id(journey_id: str, time: datetime) -> str:
    """Give the id of a journey that turned out to begin after another one's end: the same one whoever finds it out."""
    return f"jrn_{hashlib.sha256(f'{journey_id}:{time.isoformat()}'.encode()).hexdigest()[:ID_CHARACTERS]}"


def _kept_since(timeline: Timeline) -> datetime | None:
    """Give when the oldest journey that the record holds began, where older ones have left it."""
    return timeline.journeys[0].first_act_time if timeline.retired_id and timeline.journeys else None


def _meets(one: Journey, other: Journey) -> bool:
    if one.first_act_time is None or other.first_act_time is None:
        return True  # one in which the customer did nothing yet has no time of its own
    if one.last_act_time is None or other.last_act_time is None:
        return True
    return one.first_act_time - other.last_act_time <= GAP and other.first_act_time - one.last_act_time <= GAP


def _joins(one: Journey, other: Journey, ends: Sequence[End]) -> bool:
    """Say whether two pieces are one: they meet, and no end lies between."""
    first, second = sorted((one, other), key=lambda journey: journey.first_act_time or LONG_AGO)
    last, begin = first.last_act_time, second.first_act_time
    parted = last is not None and begin is not None and any(last <= end.time < begin for end in ends)
    return _meets(one, other) and not parted


def _join(journeys: Iterable[Journey], ends: Sequence[End], *, forget: str = "") -> tuple[Journey, ...]:
    """Make those that are one piece one, under the id of the one that began first; `forget` was never told."""
    joined: list[Journey] = []
    for journey in sorted(journeys, key=lambda journey: (journey.first_act_time or LONG_AGO, journey.journey_id)):
        if joined and _joins(joined[-1], journey, ends):
            joined[-1] = _one_of(joined[-1], journey, forget)
        else:
            joined.append(journey)
    return tuple(joined)


def _one_of(first: Journey, second: Journey, forget: str) -> Journey:
    names = [n for n in (first.journey_id, second.journey_id, *first.joined_ids, *second.joined_ids) if n != forget]
    return Journey(
        journey_id=names[0],
        first_act_time=_earliest(first.first_act_time, second.first_act_time),
        last_act_time=max((t for t in (first.last_act_time, second.last_act_time) if t), default=None),
        settled_count=first.settled_count + second.settled_count,
        channel_ids=tuple(sorted({*first.channel_ids, *second.channel_ids})[:MAX_CHANNEL_IDS]),
        joined_ids=tuple(sorted({*names[1:]} - {names[0]})[-MAX_JOINED_IDS:]),
    )


def _settle(timeline: Timeline) -> Timeline:
    """Count the loose touchpoints that now lie between a journey's first act and 30 days after its last."""
    loose: list[datetime] = []
    gained = [0] * len(timeline.journeys)
    begin = _kept_since(timeline) or LONG_AGO
    for time in timeline.loose_times:
        if time < begin:
            continue  # it went with a journey that has left
        place = next((i for i, journey in enumerate(timeline.journeys) if _covers(timeline, journey, time)), None)
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


def _covers(timeline: Timeline, journey: Journey, time: datetime) -> bool:
    """Say whether a time is a piece's: up to 30 days after its last act, or to the first end after it."""
    first, last = journey.first_act_time, journey.last_act_time
    if first is None or last is None or not first <= time <= last + GAP:
        return False
    return time <= last or not any(last <= end.time < time for end in timeline.ends)


def _place_before(timeline: Timeline, time: datetime) -> int | None:
    """Give the place of the piece that began last before a time; None where none did."""
    began = [place for place, piece in enumerate(timeline.journeys) if (piece.first_act_time or time) <= time]
    return began[-1] if began else None


def _place_at(timeline: Timeline, time: datetime) -> int:
    starts = [_start_time(timeline, place) for place in range(len(timeline.journeys))]
    return max((place for place, start in enumerate(starts) if start <= time), default=0)


def _start_time(timeline: Timeline, place: int) -> datetime:
    """Give when a journey begins: with its first act, or, for the very first, with the first touchpoint of all."""
    first_act_time = timeline.journeys[place].first_act_time
    if place == 0 and not timeline.retired_id and timeline.first_time is not None:
        return timeline.first_time
    if first_act_time is None:
        raise ValueError("only the first journey can be without an act")
    return first_act_time


def _end_time(timeline: Timeline, group: Sequence[int], start_time: datetime) -> datetime | None:
    end = _ended_by(timeline, group)
    if end is not None:
        return end.time
    over = (timeline.journeys[group[-1]].last_act_time or start_time) + GAP
    is_newest = group[-1] + 1 == len(timeline.journeys)
    if is_newest and (timeline.looked_time is None or timeline.looked_time < over):
        return None
    return over


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((t for t in (one, other) if t is not None), default=None)
