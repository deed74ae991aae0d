"""Decides who gets which journeys, sessions and touchpoints where a merge is undone. Pure.

A touchpoint's journey follows from its time, so each side's journeys are those from before the merge with what has come
since: from a visit of the source, or announced in its name, to the source, anything else to the survivor. A journey
that began since keeps its id with the survivor; the source's goes on under an id of its own, and is known by both.
What each looked at follows from the touchpoints in the same way.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.aggregator.interests import with_interest
from services.aggregator.journey_pieces import place_before
from services.aggregator.journey_spans import journey_at
from services.aggregator.journey_values import GAP, MAX_JOINED_IDS, End, Journey, Timeline
from services.aggregator.model import MAX_ENTRANCES, MAX_SESSIONS, newest
from services.aggregator.noting import noted_in
from services.aggregator.values import Entrance, Heard, Session, Thread, Touchpoint

ID_CHARACTERS = 26


@dataclass(frozen=True, slots=True)
class Sides:
    """Who is to be told apart, and what has come since the merge."""

    merge_id: str
    source_ids: frozenset[str]
    """The source, and who had been merged into it."""
    since: Sequence[Touchpoint]
    """What neither had before the merge."""
    gone: frozenset[str] = frozenset()
    """Of the touchpoints from before the merge, those of a third one, who was parted from the survivor since."""


@dataclass(frozen=True, slots=True)
class Parted:
    """What each of the two has afterwards."""

    survivor: Thread
    source: Thread


def split(now: Thread, *, before: Thread, source: Thread, sides: Sides) -> Parted:
    """Give both their own again: `before` is the survivor's from before the merge, `source` as it was sealed."""
    visits = visits_of(now, sides.source_ids)
    theirs = [t for t in sides.since if t.session_id in visits or t.of_customer_id in sides.source_ids]
    mine = [t for t in sides.since if t not in theirs]
    known = {session.session_id for session in (*before.sessions, *source.sessions)}
    new_sessions = [session for session in now.sessions if session.session_id not in known]
    mine_again = _noted_again(before.timeline, mine, now.timeline)
    theirs_again = _noted_again(source.timeline, theirs, now.timeline)
    own_recent = tuple(t for t in before.recent_touchpoints if t.touchpoint_id not in sides.gone)
    survivor = Thread(
        timeline=_named(
            mine_again, now.timeline, {*_names(source.timeline), *theirs_again.own_names()}, sides.merge_id
        ),
        sessions=_sessions(before.sessions, (one for one in new_sessions if one.session_id not in visits)),
        recent_touchpoints=newest((*own_recent, *mine)),
        heard=tuple(one for one in now.heard if one.customer_id not in sides.source_ids),
        entrances=tuple(one for one in now.entrances if one.customer_id not in sides.source_ids),
        merges=now.merges,
        views=before.views,
        came_for=before.came_for,
        trouble_times=now.trouble_times,
    )
    looked = now.timeline.looked_time
    if looked is not None and looked not in (before.timeline.looked_time, source.timeline.looked_time):
        survivor = replace(survivor, timeline=replace(survivor.timeline, looked_time=looked))
    return Parted(
        survivor=with_interest(survivor, mine),
        source=replace(
            with_interest(source, theirs),
            timeline=_named(theirs_again, now.timeline, _names(survivor.timeline), sides.merge_id),
            sessions=_sessions(source.sessions, (one for one in new_sessions if one.session_id in visits)),
            recent_touchpoints=newest((*source.recent_touchpoints, *theirs)),
            heard=_furthest(source.heard, now.heard, sides.source_ids),
            entrances=_own_entrances(source, now, sides.source_ids),
        ),
    )


def visits_of(thread: Thread, customer_ids: frozenset[str]) -> frozenset[str]:
    """Give the visits that began with what identifies one of these customers; at most 500."""
    return frozenset(one.session_id for one in thread.entrances if one.customer_id in customer_ids)


def _sessions(own: tuple[Session, ...], new: Iterable[Session]) -> tuple[Session, ...]:
    return (*own, *new)[-MAX_SESSIONS:]


def _own_entrances(source: Thread, now: Thread, source_ids: frozenset[str]) -> tuple[Entrance, ...]:
    """Give the source's visits, its own too: who undoes the merge in another service a moment later asks for them."""
    visits = {one.session_id: one for one in source.entrances}
    visits |= {one.session_id: one for one in now.entrances if one.customer_id in source_ids}
    return tuple(visits.values())[-MAX_ENTRANCES:]


def _furthest(own: tuple[Heard, ...], since: tuple[Heard, ...], customer_ids: frozenset[str]) -> tuple[Heard, ...]:
    """Give how far the source's events were heard, by itself and then by the survivor."""
    found = {(one.area, one.customer_id): one for one in own}
    for one in since:
        known = found.get((one.area, one.customer_id))
        if one.customer_id in customer_ids and one.seq > (known.seq if known is not None else 0):
            found[one.area, one.customer_id] = one
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _NotedAgain:
    """A side's journeys with what came since, before those that this opened have their names."""

    own: Timeline
    """As it was before."""
    came: Sequence[Touchpoint]
    after: Timeline
    opened: Mapping[str, str]
    """The id that was told of a journey, by the name under which it was opened here."""

    def own_names(self) -> frozenset[str]:
        """Give the names that are this side's whatever the other has: those too of pieces that an end has parted."""
        return _names(self.own) | (_names(self.after) - self.opened.keys())


def _noted_again(own: Timeline, came: Sequence[Touchpoint], shared: Timeline) -> _NotedAgain:
    """Note once more what came since."""
    opened: dict[str, str] = {}
    after = own
    for touchpoint in sorted(came, key=lambda one: (one.occur_time, one.touchpoint_id)):
        name, time = f"new:{touchpoint.touchpoint_id}", touchpoint.occur_time
        opened[name] = journey_at(shared, time)
        after = noted_in(
            after,
            touchpoint,
            journey_id=name,
            gap_days=_gap_days_at(shared, time),
            end=_end_by(shared, touchpoint),
        )
    return _NotedAgain(own, came, after, opened)


def _named(again: _NotedAgain, shared: Timeline, others: Iterable[str], merge_id: str) -> Timeline:
    """Name the journeys; one that was opened has the id that was told, unless the other side has that."""
    taken = {*_names(again.own), *others}
    journeys: dict[str, Journey] = {}
    for journey in again.after.journeys:
        named = _renamed(journey, again.opened, taken, merge_id)
        taken |= {named.journey_id, *named.joined_ids}
        journeys[named.journey_id] = named
    after = replace(again.after, journeys=tuple(journeys.values()))
    for touchpoint in again.came:
        told, journey_id = journey_at(shared, touchpoint.occur_time), journey_at(after, touchpoint.occur_time)
        if told not in taken and journey_id in journeys:
            taken.add(told)
            known = journeys[journey_id]
            by_names = tuple(sorted({*known.joined_ids, told})[-MAX_JOINED_IDS:])
            journeys[journey_id] = replace(known, joined_ids=by_names)
    return replace(after, journeys=tuple(journeys.values()))


def _gap_days_at(timeline: Timeline, time: datetime) -> int:
    """Give the silence that counted when something was noted: that of the piece that has it."""
    place = place_before(timeline, time)
    return GAP.days if place is None else timeline.journeys[place].gap_days


def _end_by(timeline: Timeline, touchpoint: Touchpoint) -> End | None:
    """Give the end that a touchpoint made, as it was noted."""
    if not touchpoint.ends:
        return None
    time, placed_time = touchpoint.occur_time, touchpoint.order_placed_time or touchpoint.occur_time
    known = (end for end in timeline.ends if (end.time, end.placed_time) == (time, placed_time))
    return min(known, key=lambda end: end.why != touchpoint.ends, default=End(time, placed_time, why=touchpoint.ends))


def _names(timeline: Timeline) -> frozenset[str]:
    return frozenset(name for journey in timeline.journeys for name in (journey.journey_id, *journey.joined_ids))


def _renamed(journey: Journey, opened: Mapping[str, str], taken: set[str], merge_id: str) -> Journey:
    """Give a journey that was opened meanwhile its name; one that is taken stays a by-name of it."""
    names: dict[str, None] = {}
    for name in (journey.journey_id, *journey.joined_ids):
        told = opened.get(name)
        if told is None:
            names[name] = None
        elif told not in taken:
            names[told] = None
        elif told not in names:
            digest = hashlib.sha256(f"{merge_id}:{told}:{journey.first_act_time}".encode()).hexdigest()
            names |= {f"jrn_{digest[:ID_CHARACTERS]}": None, told: None}
    first, *others = names
    return replace(journey, journey_id=first, joined_ids=tuple(sorted(others)))
