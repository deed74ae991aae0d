"""Translates events into the words that others hear."""

from libs.money import money_to_proto
from omnithread.common.v1 import event_pb2
from omnithread.context.v1 import context_events_pb2 as events_pb
from omnithread.context.v1 import context_pb2
from services.aggregator import events
from services.aggregator.journey_convert import OUTCOMES, goal_to_proto
from services.aggregator.price_changes import PriceChange


def event_to_proto(event: events.Event, header: event_pb2.EventHeader) -> events_pb.ContextEvent:
    """Write an event as it is announced."""
    message = events_pb.ContextEvent(header=header)
    match event:
        case events.SessionStarted():
            message.session_started.session_id = event.session_id
            message.session_started.journey_id = event.journey_id
        case events.JourneyStarted():
            message.journey_started.journey_id = event.journey_id
            message.journey_started.previous_journey_id = event.previous_journey_id
        case events.JourneyEnded():
            message.journey_ended.journey_id = event.journey_id
            message.journey_ended.outcome = OUTCOMES[event.why_ended]
            message.journey_ended.goals.extend(map(goal_to_proto, event.goals))
        case events.TouchpointRecorded():
            message.touchpoint_recorded.touchpoint_id = event.touchpoint.touchpoint_id
            message.touchpoint_recorded.journey_id = event.journey_id
            message.touchpoint_recorded.kind = context_pb2.TouchpointKind.ValueType(event.touchpoint.kind)
            message.touchpoint_recorded.subject = event.touchpoint.subject
            message.touchpoint_recorded.by_company = not event.touchpoint.by_customer
        case events.PriceFell():
            message.price_fell.CopyFrom(_fall_to_proto(event.change))
        case _:
            _write_end_or_merge(message, event)
    return message


def _write_end_or_merge(message: events_pb.ContextEvent, event: events.Event) -> None:
    match event:
        case events.JourneyAbsorbed():
            message.journey_absorbed.merge_id = event.merge_id
            message.journey_absorbed.source_customer_id = event.source_customer_id
        case events.JourneySealed():
            message.journey_sealed.merge_id = event.merge_id
            message.journey_sealed.survivor_customer_id = event.survivor_customer_id
        case events.JourneyParted():
            message.journey_parted.merge_id = event.merge_id
            message.journey_parted.source_customer_id = event.source_customer_id
        case events.JourneyReleased():
            message.journey_released.merge_id = event.merge_id
            message.journey_released.survivor_customer_id = event.survivor_customer_id
        case events.JourneyErased():
            message.journey_erased.erasure_id = event.erasure_id


def _fall_to_proto(change: PriceChange) -> events_pb.PriceFell:
    return events_pb.PriceFell(
        change_id=change.change_id,
        sku=change.sku,
        name=change.name,
        old_price=money_to_proto(change.old_price),
        new_price=money_to_proto(change.new_price),
        link_uri=change.link_uri,
    )
