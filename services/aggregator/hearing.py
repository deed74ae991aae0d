"""Decides what becomes of news from another service, or from a customer who turned out to be this one. Pure.

News may come twice, and late: each counts once, and nothing of a merged customer is lost.
"""

from dataclasses import replace
from datetime import datetime

from libs.journey_rules import JourneyRules
from libs.mongo.values import Decision
from services.aggregator.events import JourneyAbsorbed
from services.aggregator.interests import joined_views, newer
from services.aggregator.journeys import retire, unite
from services.aggregator.merge_outcome import explain
from services.aggregator.model import (
    MAX_ENTRANCES,
    MAX_SESSIONS,
    Change,
    checked_session_id,
    newest,
    with_touchpoint,
)
from services.aggregator.troubles.values import MOST_PER_HOUR
from services.aggregator.values import Entrance, Heard, Thread, Touchpoint

HEARD_AREAS = ("cart", "messaging", "preference", "profile")
"""Whose events make touchpoints."""
MAX_HEARD = 400
"""Four services, this customer and many absorbed ones whose last events are still to come."""


def hear(
    thread: Thread, touchpoint: Touchpoint, *, source: Heard, journey_id: str, rules: JourneyRules
) -> Change | None:
    """Take in what another service announced; None where it was taken in before.

    `source` is the event's own place. `journey_id` is for a journey that it may open.
    """
    if is_heard(thread, source):
        return None
    session_id = checked_session_id(thread, touchpoint.session_id, touchpoint.channel_id, touchpoint.channel_kind)
    touchpoint = replace(touchpoint, session_id=session_id, of_customer_id=source.customer_id, merges=thread.merges)
    noted = with_touchpoint(replace(thread, heard=_advanced(thread.heard, source)), touchpoint, journey_id, rules)
    return Decision(noted.thread, (noted.recorded(), *noted.turns))


def is_heard(thread: Thread, source: Heard) -> bool:
    """Tell whether this event, or a later one of the same epoch, was taken in."""
    last = last_heard(thread, source)
    return last is not None and last.epoch == source.epoch and source.seq <= last.seq


def last_heard(thread: Thread, source: Heard) -> Heard | None:
    """Give how far the events of the same area and customer have been taken in."""
    for heard in thread.heard:
        if (heard.area, heard.customer_id) == (source.area, source.customer_id):
            return heard
    return None


def forget_source(thread: Thread, source: Heard) -> Change | None:
    """Stop remembering how far a merged customer's events were heard, once its last one was; None where nobody did."""
    if last_heard(thread, source) is None:
        return None
    heard = tuple(h for h in thread.heard if (h.area, h.customer_id) != (source.area, source.customer_id))
    return Decision(replace(thread, heard=heard))


def absorb(survivor: Thread, source: Thread, *, merge_id: str, source_customer_id: str, now: datetime) -> Change:
    """Take over the journeys, sessions and newest touchpoints of a merged customer. Nothing is lost.

    Journeys that meet in time become one, under both ids; the touchpoints follow by their time.
    What was announced about the source and is not heard yet is awaited, until each service has sealed it.
    """
    timeline, retired = retire(unite(survivor.timeline, source.timeline))
    sessions = sorted((*survivor.sessions, *source.sessions), key=lambda session: session.start_time)
    awaited = tuple(Heard(area, source_customer_id, epoch="", seq=0) for area in HEARD_AREAS)
    after = Thread(
        timeline=timeline,
        sessions=tuple(sessions)[-MAX_SESSIONS:],
        recent_touchpoints=newest((*survivor.recent_touchpoints, *source.recent_touchpoints)),
        heard=_each_once((*awaited, *source.heard, *survivor.heard))[-MAX_HEARD:],
        entrances=_entrances(survivor, source, source_customer_id),
        merges=survivor.merges + 1,
        views=joined_views(survivor.views, source.views),
        came_for=newer(survivor.came_for, source.came_for),
        trouble_times=tuple(sorted((*survivor.trouble_times, *source.trouble_times))[-MOST_PER_HOUR:]),
    )
    event = JourneyAbsorbed(now, merge_id, source_customer_id, retired)
    return Decision(after, (event,), merged=explain(source, after))


def _entrances(survivor: Thread, source: Thread, source_customer_id: str) -> tuple[Entrance, ...]:
    """Remember that the source's visits are the source's; those of whom it had absorbed are theirs."""
    visits = {session.session_id: source_customer_id for session in source.sessions}
    visits |= {entrance.session_id: entrance.customer_id for entrance in (*source.entrances, *survivor.entrances)}
    return tuple(Entrance(session_id, customer_id) for session_id, customer_id in visits.items())[-MAX_ENTRANCES:]


def _advanced(heard: tuple[Heard, ...], source: Heard) -> tuple[Heard, ...]:
    others = tuple(h for h in heard if (h.area, h.customer_id) != (source.area, source.customer_id))
    return (*others, source)[-MAX_HEARD:]


def _each_once(heard: tuple[Heard, ...]) -> tuple[Heard, ...]:
    """Keep the last of those that speak of the same area and customer."""
    return tuple({(h.area, h.customer_id): h for h in heard}.values())
