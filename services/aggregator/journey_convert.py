"""Translates journeys into the words of the contract."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from google.protobuf.timestamp_pb2 import Timestamp

from libs.timestamps import to_timestamp
from omnithread.context.v1 import context_pb2
from services.aggregator.journey_values import CANCELLED, REACHED, SILENT, UNKNOWN, Reached, Span

OUTCOMES: Mapping[str, context_pb2.JourneyOutcome.ValueType] = MappingProxyType(
    {
        "": context_pb2.JOURNEY_OUTCOME_UNSPECIFIED,
        UNKNOWN: context_pb2.JOURNEY_OUTCOME_UNSPECIFIED,
        REACHED: context_pb2.JOURNEY_OUTCOME_GOAL_REACHED,
        SILENT: context_pb2.JOURNEY_OUTCOME_INACTIVE,
        CANCELLED: context_pb2.JOURNEY_OUTCOME_CANCELLED,
    }
)


def journey_to_proto(span: Span, *, customer_id: str) -> context_pb2.Journey:
    """Write a journey as it looks from outside."""
    return context_pb2.Journey(
        journey_id=span.journey_id,
        customer_id=customer_id,
        previous_journey_id=span.previous_journey_id,
        start_time=to_timestamp(span.start_time),
        last_act_time=_time(span.last_act_time),
        end_time=_time(span.end_time),
        touchpoint_count=span.touchpoint_count,
        channel_ids=span.channel_ids,
        outcome=OUTCOMES[span.why_ended],
        goals=map(goal_to_proto, span.goals),
    )


def goal_to_proto(reached: Reached) -> context_pb2.GoalReached:
    """Write a goal that was reached."""
    return context_pb2.GoalReached(
        goal_id=reached.goal_id, reach_time=to_timestamp(reached.time), touchpoint_id=reached.touchpoint_id
    )


def _time(moment: datetime | None) -> Timestamp | None:
    return None if moment is None else to_timestamp(moment)
