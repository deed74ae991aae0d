"""Which journey a touchpoint belongs to: by customer and time of occurrence, in whatever order the news of it arrives.

A customer's acts form journeys: two acts at most 30 days apart are in one. What the company does (mails, timers)
prolongs nothing: it belongs to the journey that began last before it. So a touchpoint carries no journey;
its journey follows from its time, and a late one that closes a gap makes two journeys one without rewriting anything.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

GAP = timedelta(days=30)
"""So long may the customer be silent within one journey."""
MAX_JOURNEYS = 10
"""So many journeys a record holds; older ones have their own documents, and no longer change."""
MAX_LOOSE_TIMES = 100
"""So many touchpoints of the company's may await their journey; the oldest of more stay where they are counted."""
MAX_JOINED_IDS = 50
MAX_CHANNEL_IDS = 50
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Journey:
    """One run of a customer's acts, none more than 30 days after the one before."""

    journey_id: str
    first_act_time: datetime | None = None
    """None before the customer did anything: then it is the only journey."""
    last_act_time: datetime | None = None
    settled_count: int = 0
    """The touchpoints from the first act to 30 days after the last: no news can give them to another journey."""
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
    """Oldest first, more than 30 days apart."""
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


@dataclass(frozen=True, slots=True)
class Span:
    """A journey as it looks from outside. It has all touchpoints from `start_time` to before `until_time`."""

    journey_id: str
    joined_ids: tuple[str, ...]
    previous_journey_id: str
    start_time: datetime
    last_act_time: datetime | None
    end_time: datetime | None
    """30 days after the last act, once that is known to be over; None while it goes on."""
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
    if begin is not None and over is not None and time + GAP < begin and time <= over:
        return timeline
    act = Journey(
        journey_id=journey_id, first_act_time=time, last_act_time=time, settled_count=1, channel_ids=(channel_id,)
    )
    opened = any(_meets(journey, act) for journey in timeline.journeys)
    journeys = _join((*timeline.journeys, act), forget=journey_id if opened else "")
    return _settle(replace(timeline, journeys=journeys, first_time=_earliest(timeline.first_time, time)))


def note_other(timeline: Timeline, *, time: datetime, journey_id: str) -> Timeline:
    """Add something that the company did; `journey_id` is for the case that it is the very first touchpoint."""
    begin = _kept_since(timeline)
    if begin is not None and time < begin:
        return timeline
    return _settle(
        replace(
            timeline,
            journeys=timeline.journeys or (Journey(journey_id=journey_id),),
            loose_times=tuple(sorted((*timeline.loose_times, time))),
            first_time=_earliest(timeline.first_time, time),
        )
    )


def unite(one: Timeline, other: Timeline) -> Timeline:
    """Make one timeline of two customers who turned out to be one. Journeys that meet in time become one."""
    retired = max(one, other, key=lambda timeline: timeline.retired_until_time or LONG_AGO)
    return _settle(
        Timeline(
            journeys=_join((*one.journeys, *other.journeys)),
            loose_times=tuple(sorted((*one.loose_times, *other.loose_times))),
            first_time=_earliest(one.first_time, other.first_time),
            looked_time=max((t for t in (one.looked_time, other.looked_time) if t), default=None),
            retired_id=retired.retired_id,
            retired_until_time=retired.retired_until_time,
        )
    )


def retire(timeline: Timeline) -> tuple[Timeline, tuple[Span, ...]]:
    """Let the oldest journeys go where there are more than a record holds; they are given back as they stay."""
    surplus = len(timeline.journeys) - MAX_JOURNEYS
    if surplus <= 0:
        return timeline, ()
    gone = spans(timeline)[:surplus]
    kept = timeline.journeys[surplus:]
    left = replace(timeline, journeys=kept, retired_id=gone[-1].journey_id, retired_until_time=gone[-1].end_time)
    return _settle(left), gone


def spans(timeline: Timeline) -> tuple[Span, ...]:
    """Give the journeys as they look from outside, oldest first."""
    starts = [_start_time(timeline, place) for place in range(len(timeline.journeys))]
    found: list[Span] = []
    for place, journey in enumerate(timeline.journeys):
        until_time = starts[place + 1] if place + 1 < len(starts) else None
        found.append(
            Span(
                journey_id=journey.journey_id,
                joined_ids=journey.joined_ids,
                previous_journey_id=found[-1].journey_id if found else timeline.retired_id,
                start_time=starts[place],
                last_act_time=journey.last_act_time,
                end_time=_end_time(timeline, place, starts[place]),
                until_time=until_time,
                touchpoint_count=journey.settled_count
                + sum(1 for t in timeline.loose_times if starts[place] <= t and (until_time is None or t < until_time)),
                channel_ids=journey.channel_ids,
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


def _kept_since(timeline: Timeline) -> datetime | None:
    """Give when the oldest journey that the record holds began, where older ones have left it."""
    return timeline.journeys[0].first_act_time if timeline.retired_id and timeline.journeys else None


def _meets(one: Journey, other: Journey) -> bool:
    if one.first_act_time is None or other.first_act_time is None:
        return True  # one in which the customer did nothing yet has no time of its own
    if one.last_act_time is None or other.last_act_time is None:
        return True
    return one.first_act_time - other.last_act_time <= GAP and other.first_act_time - one.last_act_time <= GAP


def _join(journeys: Iterable[Journey], *, forget: str = "") -> tuple[Journey, ...]:
    """Make those that meet one, under the id of the one that began first; `forget` was never told to anybody."""
    joined: list[Journey] = []
    for journey in sorted(journeys, key=lambda journey: (journey.first_act_time or LONG_AGO, journey.journey_id)):
        if joined and _meets(joined[-1], journey):
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
        place = next((i for i, journey in enumerate(timeline.journeys) if _covers(journey, time)), None)
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


def _covers(journey: Journey, time: datetime) -> bool:
    return (
        journey.first_act_time is not None
        and journey.last_act_time is not None
        and journey.first_act_time <= time <= journey.last_act_time + GAP
    )


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


def _end_time(timeline: Timeline, place: int, start_time: datetime) -> datetime | None:
    over = (timeline.journeys[place].last_act_time or start_time) + GAP
    is_newest = place + 1 == len(timeline.journeys)
    if is_newest and (timeline.looked_time is None or timeline.looked_time < over):
        return None
    return over


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((t for t in (one, other) if t is not None), default=None)
