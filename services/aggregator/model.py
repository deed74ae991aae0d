"""Decides what becomes of a customer's journey: pure and synchronous.

Each function takes the thread as it is and gives it as it shall be, with the events to announce, or raises one of
`errors`. The caller saves both together or neither. A fresh id that is not needed is forgotten.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from libs.journey_rules import JourneyRules
from libs.mongo.requests import MAX_AHEAD
from libs.mongo.values import Decision
from libs.origin import Origin
from omnithread.common.v1 import channel_pb2
from omnithread.context.v1 import context_pb2
from services.aggregator import errors
from services.aggregator.events import (
    Event,
    JourneyEnded,
    JourneyStarted,
    SessionStarted,
    TouchpointRecorded,
)
from services.aggregator.interests import check_fields, with_interest
from services.aggregator.journey_spans import due_time, journey_at, spans
from services.aggregator.journey_values import Span, Timeline
from services.aggregator.journeys import retire
from services.aggregator.noting import end_of, marked, noted_in
from services.aggregator.touchpoint_spans import before
from services.aggregator.values import Entrance, Session, Thread, Touchpoint

MAX_SESSIONS = 50
MAX_ENTRANCES = 500
"""As many visits as `ReleaseCustomer` takes."""
MAX_RECENT_TOUCHPOINTS = 20
MAX_RECENT_BYTES = 64 * 1024
"""So much of the record may the newest touchpoints take; fewer are kept where they are large."""
MAX_TOUCHPOINT_AGE = timedelta(days=30)
"""A caller's clock may be ahead by this much, as with every `issue_time`."""
OPEN_KINDS = frozenset(
    {
        context_pb2.TOUCHPOINT_KIND_PRODUCT_VIEWED,
        context_pb2.TOUCHPOINT_KIND_AD_CLICKED,
        context_pb2.TOUCHPOINT_KIND_CALL_ANSWERED,
        context_pb2.TOUCHPOINT_KIND_STORE_VISITED,
        context_pb2.TOUCHPOINT_KIND_LINK_FOLLOWED,
        context_pb2.TOUCHPOINT_KIND_SEARCHED,
    }
)
"""What no service owns, so that channels tell of it."""
AREA = "context"

Change: TypeAlias = Decision[Thread, Event]
"""The thread after a change, and what to announce."""


@dataclass(frozen=True, slots=True)
class FreshIds:
    """Ids for what a change may begin; those not needed are forgotten."""

    touchpoint_id: str
    session_id: str
    journey_id: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """Something that no service owns, as a channel tells it."""

    kind: int
    subject: str
    attributes: tuple[tuple[str, str], ...]
    """Names and values, sorted by name."""
    occur_time: datetime
    skus: tuple[str, ...] = ()
    """With an advertisement: what it showed, in its order."""
    offer_codes: tuple[str, ...] = ()


def start_session(
    thread: Thread,
    *,
    origin: Origin,
    occur_time: datetime,
    session_id: str,
    ids: FreshIds,
    rules: JourneyRules,
    entrance: str = "",
) -> Change:
    """Begin a session, or go on with `session_id` where that is this customer's on this channel.

    `entrance` is the absorbed customer by whose identifier they came in; empty where it was by one of their own.
    Facts: `session_id`, `journey_id`, `touchpoint_id`, and `last_traceparent` of the journey's touchpoint before.
    """
    known = thread.session_of(session_id, origin.channel_id) if session_id else None
    session = known or Session(ids.session_id, origin.channel_id, occur_time)
    touchpoint = Touchpoint(
        touchpoint_id=ids.touchpoint_id,
        kind=context_pb2.TOUCHPOINT_KIND_SESSION_STARTED,
        channel_id=origin.channel_id,
        channel_kind=origin.channel_kind,
        occur_time=occur_time,
        by_customer=True,
        area=AREA,
        session_id=session.session_id,
        summary="session continued" if known else "session started",
        subject=session.session_id,
        traceparent=origin.traceparent,
        merges=thread.merges,
    )
    noted = with_touchpoint(thread, touchpoint, ids.journey_id, rules)
    after, touchpoint = noted.thread, noted.touchpoint
    after = replace(after, entrances=with_entrance(after.entrances, session.session_id, entrance))
    journey_id = journey_at(after.timeline, occur_time)
    if known is None:
        after = replace(after, sessions=(*after.sessions, session)[-MAX_SESSIONS:])
        first: Event = SessionStarted(session.session_id, journey_id, touchpoint)
    else:
        first = TouchpointRecorded(journey_id, touchpoint)
    facts = {
        "session_id": session.session_id,
        "journey_id": journey_id,
        "touchpoint_id": touchpoint.touchpoint_id,
        "last_traceparent": earlier.traceparent if (earlier := before(after, touchpoint)) else "",
    }
    return Decision(after, (first, *noted.turns), facts)


def with_entrance(entrances: tuple[Entrance, ...], session_id: str, customer_id: str) -> tuple[Entrance, ...]:
    """Note by whom somebody came in: what the same visit said before does not count any more."""
    others = tuple(entrance for entrance in entrances if entrance.session_id != session_id)
    return (*others, Entrance(session_id, customer_id))[-MAX_ENTRANCES:] if customer_id else others


def record(
    thread: Thread, sighting: Sighting, *, origin: Origin, now: datetime, ids: FreshIds, rules: JourneyRules
) -> Change:
    """Note what a channel saw; facts: `touchpoint_id`. A session that is not this customer's is left out.

    Raises TOUCHPOINT_KIND_RESERVED, TOUCHPOINT_FIELDS_INVALID and OCCUR_TIME_INVALID.
    """
    if sighting.kind not in OPEN_KINDS:
        raise errors.touchpoint_kind_reserved()
    check_fields(sighting.kind, sighting.subject, sighting.skus, sighting.offer_codes)
    if sighting.occur_time > now + MAX_AHEAD or now - sighting.occur_time > MAX_TOUCHPOINT_AGE:
        raise errors.occur_time_invalid()
    touchpoint = Touchpoint(
        touchpoint_id=ids.touchpoint_id,
        kind=sighting.kind,
        channel_id=origin.channel_id,
        channel_kind=origin.channel_kind,
        occur_time=sighting.occur_time,
        by_customer=origin.channel_kind != channel_pb2.CHANNEL_KIND_SYSTEM,
        area=AREA,
        session_id=checked_session_id(thread, origin.session_id, origin.channel_id, origin.channel_kind),
        summary=_summary_of(sighting),
        subject=sighting.subject,
        attributes=sighting.attributes,
        traceparent=origin.traceparent,
        merges=thread.merges,
        skus=sighting.skus,
        offer_codes=sighting.offer_codes,
    )
    noted = with_touchpoint(thread, touchpoint, ids.journey_id, rules)
    after = with_interest(noted.thread, (touchpoint,))
    return Decision(after, (noted.recorded(), *noted.turns), {"touchpoint_id": touchpoint.touchpoint_id})


def close_idle(thread: Thread, *, now: datetime) -> Change | None:
    """End the newest journey where the customer has been silent too long; None where there is nothing to end."""
    due = due_time(thread.timeline)
    if due is None or due > now:
        return None
    timeline = replace(thread.timeline, looked_time=now)
    return Decision(replace(thread, timeline=timeline), (_ended(due, spans(timeline)[-1]),))


def checked_session_id(thread: Thread, session_id: str, channel_id: str, channel_kind: int) -> str:
    """Give the session id if it is this customer's on this channel, else nothing.

    What the suite itself does later in a session's name (a timer) has the session, and no channel of its own.
    """
    if channel_kind == channel_pb2.CHANNEL_KIND_SYSTEM:
        return session_id if any(session.session_id == session_id for session in thread.sessions) else ""
    return session_id if thread.session_of(session_id, channel_id) else ""


@dataclass(frozen=True, slots=True)
class Noted:
    """A touchpoint that was added."""

    thread: Thread
    touchpoint: Touchpoint
    """With what it does by the rules."""
    turns: tuple[JourneyStarted | JourneyEnded, ...]
    """What it makes begin and end."""

    def recorded(self) -> TouchpointRecorded:
        """Give what is announced of it."""
        return TouchpointRecorded(journey_at(self.thread.timeline, self.touchpoint.occur_time), self.touchpoint)


def with_touchpoint(thread: Thread, touchpoint: Touchpoint, journey_id: str, rules: JourneyRules) -> Noted:
    """Add a touchpoint; `journey_id` is for a journey that it may open."""
    before, touchpoint = thread.timeline, marked(touchpoint, rules)
    noted = noted_in(
        before,
        touchpoint,
        journey_id=journey_id,
        gap_days=rules.inactivity.days,
        end=end_of(touchpoint, rules),
    )
    after, retired = retire(noted)
    recent = newest((touchpoint, *thread.recent_touchpoints))
    changed = replace(thread, timeline=after, recent_touchpoints=recent)
    return Noted(changed, touchpoint, _turns(before, noted, touchpoint, retired))


def _turns(
    before: Timeline, after: Timeline, touchpoint: Touchpoint, retired: tuple[Span, ...]
) -> tuple[JourneyStarted | JourneyEnded, ...]:
    """Give which journeys began and ended by a touchpoint, or turn out to have ended otherwise than was told."""
    known = {span.journey_id: span for span in spans(before)}
    now = {span.journey_id: span for span in spans(after)}
    began = [
        JourneyStarted(max(span.start_time, touchpoint.occur_time), span.journey_id, span.previous_journey_id, retired)
        for span in now.values()
        if span.journey_id not in known
    ]
    ended = [
        _ended(span.end_time or touchpoint.occur_time, span)
        if span.journey_id in now
        else JourneyEnded(touchpoint.occur_time, span.journey_id)
        for span in {**known, **now}.values()
        if _is_over(now, span) and not (span.journey_id in known and _is_told(known[span.journey_id], now))
    ]
    return (*ended, *began)


def _ended(time: datetime, span: Span) -> JourneyEnded:
    return JourneyEnded(time, span.journey_id, span.why_ended, span.goals)


def _is_told(before: Span, now: dict[str, Span]) -> bool:
    """Say whether an end was announced just as it is now."""
    after = now.get(before.journey_id)
    is_same = after is None or (after.why_ended, after.goals) == (before.why_ended, before.goals)
    return before.end_time is not None and is_same


def _is_over(journeys: dict[str, Span], span: Span) -> bool:
    return span.journey_id not in journeys or journeys[span.journey_id].end_time is not None


def newest(touchpoints: tuple[Touchpoint, ...]) -> tuple[Touchpoint, ...]:
    """Give the newest few, newest first, each once, up to a size: the same ones in whatever order they came."""
    each = {touchpoint.touchpoint_id: touchpoint for touchpoint in touchpoints}
    kept: list[Touchpoint] = []
    room = MAX_RECENT_BYTES
    for touchpoint in sorted(each.values(), key=_age, reverse=True)[:MAX_RECENT_TOUCHPOINTS]:
        shown = (*touchpoint.skus, *touchpoint.offer_codes)
        room -= sum(len(name.encode()) + len(value.encode()) for name, value in touchpoint.attributes)
        room -= sum(len(one.encode()) for one in shown)
        if room < 0:
            break
        kept.append(touchpoint)
    return tuple(kept)


def _age(touchpoint: Touchpoint) -> tuple[datetime, str]:
    return touchpoint.occur_time, touchpoint.touchpoint_id


def _summary_of(sighting: Sighting) -> str:
    word = context_pb2.TouchpointKind.DESCRIPTOR.values_by_number[sighting.kind].name.removeprefix("TOUCHPOINT_KIND_")
    return f"{word.replace('_', ' ').lower()} {sighting.subject}".rstrip()
