"""Decides whether a trouble becomes a touchpoint, and how that looks. Pure."""

from dataclasses import replace

from libs.ids import derived_id
from libs.journey_rules import JourneyRules
from libs.mongo.values import Decision
from omnithread.context.v1 import context_pb2
from services.aggregator.model import AREA, Change, checked_session_id, with_touchpoint
from services.aggregator.troubles.values import HOUR, MOST_PER_HOUR, Trouble
from services.aggregator.values import Thread, Touchpoint


def touchpoint_id_of(trouble: Trouble) -> str:
    """Give the id of its touchpoint: the same however often it is told."""
    return derived_id("tch", "trouble", trouble.key)


def note_trouble(
    thread: Thread, trouble: Trouble, *, of_customer_id: str, journey_id: str, rules: JourneyRules
) -> Change | None:
    """Make it a touchpoint; None where ten of the same hour are noted. `journey_id` is for one that it may open.

    `of_customer_id` is whom it was told of: one who was merged has it back where that is undone.
    """
    same_hour = [time for time in thread.trouble_times if abs(time - trouble.time) < HOUR]
    if len(same_hour) >= MOST_PER_HOUR:
        return None
    where = trouble.section or trouble.method
    touchpoint = Touchpoint(
        touchpoint_id=touchpoint_id_of(trouble),
        kind=context_pb2.TOUCHPOINT_KIND_PROBLEM,
        channel_id=trouble.channel.id,
        channel_kind=trouble.channel.kind,
        occur_time=trouble.time,
        by_customer=False,
        area=AREA,
        session_id=checked_session_id(thread, trouble.session_id, trouble.channel.id, trouble.channel.kind),
        summary=f"{trouble.area} {where}: {trouble.reason}",
        subject=trouble.reason,
        attributes=tuple(
            (name, value)
            for name, value in (
                ("area", trouble.area),
                ("method", trouble.method),
                ("reason", trouble.reason),
                ("section", trouble.section),
            )
            if value
        ),
        traceparent=trouble.traceparent,
        of_customer_id=of_customer_id,
        merges=thread.merges,
    )
    noted = with_touchpoint(thread, touchpoint, journey_id, rules)
    times = tuple(sorted((*thread.trouble_times, trouble.time))[-MOST_PER_HOUR:])
    return Decision(replace(noted.thread, trouble_times=times), (noted.recorded(), *noted.turns))
