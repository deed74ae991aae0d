"""What a touchpoint does to a customer's timeline: by the rules that hold when it is noted. Pure.

Which goals it reached, and whether it ends its journey, is written on the touchpoint: a later configuration does not
change what has happened, and where a merge is undone it counts for whose it is just as it did.
"""

from dataclasses import replace

from libs.journey_rules import JourneyRules
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_ORDER_CHANGED
from services.aggregator.journey_values import CANCELLED, REACHED, End, Reached, Timeline
from services.aggregator.journeys import note_act, note_end, note_goals, note_other
from services.aggregator.values import Touchpoint


def marked(touchpoint: Touchpoint, rules: JourneyRules) -> Touchpoint:
    """Write on a touchpoint what it does by these rules."""
    goals = rules.reached_by(touchpoint.kind, touchpoint.attributes)
    ends = ""
    if any(goal.ends_journey for goal in goals):
        ends = REACHED
    elif rules.cancels(touchpoint.kind, touchpoint.attributes):
        ends = CANCELLED
    if touchpoint.kind == TOUCHPOINT_KIND_ORDER_CHANGED and touchpoint.order_placed_time is None:
        ends = ""  # an order of nobody knows which journey
    return replace(touchpoint, goal_ids=tuple(goal.goal_id for goal in goals), ends=ends)


def end_of(touchpoint: Touchpoint, rules: JourneyRules) -> End | None:
    """Give the end that a marked touchpoint makes; None where it ends nothing."""
    if not touchpoint.ends:
        return None
    placed_time = touchpoint.order_placed_time or touchpoint.occur_time
    return End(touchpoint.occur_time, placed_time, rules.reentry, touchpoint.ends)


def noted_in(
    timeline: Timeline, touchpoint: Touchpoint, *, journey_id: str, gap_days: int, end: End | None
) -> Timeline:
    """Add a marked touchpoint; `journey_id` is for a journey that it may open."""
    time = touchpoint.occur_time
    if touchpoint.by_customer:
        noted = note_act(
            timeline, time=time, channel_id=touchpoint.channel_id, journey_id=journey_id, gap_days=gap_days
        )
    else:
        noted = note_other(timeline, time=time, journey_id=journey_id, gap_days=gap_days)
    if end is not None:
        noted = note_end(noted, end)
    of_time = touchpoint.order_placed_time or time
    return note_goals(
        noted, (Reached(time, touchpoint.touchpoint_id, goal_id, of_time) for goal_id in touchpoint.goal_ids)
    )
