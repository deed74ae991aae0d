"""Says what a merge did with the merged customer's journeys and sessions, thing by thing. Pure."""

from collections.abc import Iterator

from libs.merged_things import MergeAction, MergedThing
from services.aggregator.journey_spans import spans
from services.aggregator.values import Thread


def explain(source: Thread, after: Thread) -> tuple[MergedThing, ...]:
    """Say what became of each journey and session of the source."""
    return (*_journeys(source, after), *_sessions(source, after))


def _journeys(source: Thread, after: Thread) -> Iterator[MergedThing]:
    known = spans(after.timeline)
    for span in spans(source.timeline):
        details = [("touchpoints", str(span.touchpoint_count))]
        now = next((one for one in known if one.is_named(span.journey_id)), None)
        if now is None:
            action, why = MergeAction.SET_ASIDE, "It is one of the older journeys now, and stays readable."
        elif now.touchpoint_count == span.touchpoint_count and now.journey_id == span.journey_id:
            action, why = MergeAction.KEPT, "It is a journey of its own."
        else:
            action, why = MergeAction.SUMMED, "The journeys meet in time, so they are one, known by both ids."
            details.append(("journey_id", now.journey_id))
        yield MergedThing("journey", span.journey_id, action, why, tuple(sorted(details)))


def _sessions(source: Thread, after: Thread) -> Iterator[MergedThing]:
    known = {session.session_id for session in after.sessions}
    for session in source.sessions:
        if session.session_id in known:
            yield MergedThing("session", session.session_id, MergeAction.KEPT, "It can go on.")
        else:
            why = "Only the newest 50 visits can go on; it is an older one."
            yield MergedThing("session", session.session_id, MergeAction.DROPPED, why)
