"""Translates words: the contract's and ours."""

from datetime import datetime
from typing import cast

from google.protobuf.timestamp_pb2 import Timestamp

from libs.mongo.documents import SavedDocument
from libs.timestamps import to_timestamp
from omnithread.common.v1.channel_pb2 import ChannelKind
from omnithread.messaging.v1 import subscription_pb2 as pb
from omnithread.messaging.v1.subscription_service_pb2 import PutSubscriptionRequest
from services.messaging.subscriptions.values import Delivery, DeliveryState, Health, Subscription, Wanted

STATES = {
    DeliveryState.WAITING: pb.SUBSCRIPTION_DELIVERY_STATE_WAITING,
    DeliveryState.TAKEN: pb.SUBSCRIPTION_DELIVERY_STATE_TAKEN,
    DeliveryState.DEAD: pb.SUBSCRIPTION_DELIVERY_STATE_DEAD,
}


def wanted_from_proto(request: PutSubscriptionRequest) -> Wanted:
    """Read what is subscribed to."""
    return Wanted(
        url=request.url,
        event_types=tuple(request.event_types),
        channel_kinds=tuple(request.channel_kinds),
        channel_ids=tuple(request.channel_ids),
        paused=request.paused,
    )


def subscription_to_proto(saved: SavedDocument[Subscription], health: Health, now: datetime) -> pb.Subscription:
    """Write a subscription without its secrets."""
    subscription, wanted = saved.state, saved.state.wanted
    return pb.Subscription(
        subscription_id=subscription.subscription_id,
        url=wanted.url,
        event_types=wanted.event_types,
        channel_kinds=[cast("ChannelKind.ValueType", kind) for kind in wanted.channel_kinds],
        channel_ids=wanted.channel_ids,
        state=_state(wanted, health),
        failure_count=health.failure_count,
        rest_until_time=_time(health.rest_until),
        last_taken_time=_time(health.last_taken_time),
        last_failure=health.last_failure,
        old_secret_until_time=_time(subscription.old_secret_until(now)),
        create_time=_time(subscription.create_time),
        etag=saved.etag(),
    )


def delivery_to_proto(delivery: Delivery) -> pb.SubscriptionDelivery:
    """Write a delivery."""
    return pb.SubscriptionDelivery(
        delivery_id=delivery.delivery_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        customer_id=delivery.customer_id,
        state=STATES[delivery.state],
        try_count=delivery.tries,
        last_outcome=delivery.last_outcome,
        last_status=delivery.last_status,
        last_try_time=_time(delivery.last_try_time),
        due_time=_time(delivery.due_time),
        record_time=to_timestamp(delivery.record_time),
    )


def delivery_state_from_proto(state: int) -> DeliveryState | None:
    """Read a state; None where none is asked for."""
    return next((ours for ours, theirs in STATES.items() if theirs == state), None)


def _state(wanted: Wanted, health: Health) -> pb.SubscriptionState.ValueType:
    if wanted.paused:
        return pb.SUBSCRIPTION_STATE_PAUSED
    return pb.SUBSCRIPTION_STATE_RESTING if health.rest_until else pb.SUBSCRIPTION_STATE_ACTIVE


def _time(time: datetime | None) -> Timestamp | None:
    return to_timestamp(time) if time else None
