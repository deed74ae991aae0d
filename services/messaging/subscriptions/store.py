"""Remembers: the documents of subscriptions, of receivers' health and of deliveries, and their indexes."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from google.protobuf.message import Message

from libs.events.streams import header_of
from libs.ids import derived_id
from libs.mongo.documents import DocumentShape
from libs.mongo.holdings import Kept
from libs.mongo.migrate import Index
from libs.timestamps import from_timestamp
from services.messaging.subscriptions.event_types import TELL_OF_ERASURES
from services.messaging.subscriptions.values import (
    RETENTION,
    Delivery,
    DeliveryState,
    Health,
    Replays,
    Secret,
    Subscription,
    Wanted,
)

SUBSCRIPTIONS = "subscriptions"
HEALTH = "subscription_health"
DELIVERIES = "subscription_deliveries"
CURSORS = "subscription_cursors"
REPLAYS = "subscription_replays"
FORGOTTEN_ID = "forgotten_customer_id"
"""Instead of `customer_id`, where a delivery tells that the customer was forgotten: it is not forgotten with them."""
OF_NOBODY = frozenset({SUBSCRIPTIONS, HEALTH, REPLAYS})
CURSORS_KEPT = Kept(
    CURSORS,
    "how many events of each service were laid out for other systems: numbers",
    without_person=lambda document: document,
)

INDEXES = (
    Index(SUBSCRIPTIONS, (("is_deleted", 1), ("_id", 1))),
    Index(SUBSCRIPTIONS, (("version", 1), ("_id", 1))),
    Index(DELIVERIES, (("hook_id", 1), ("state", 1), ("due_time", 1))),
    Index(DELIVERIES, (("hook_id", 1), ("customer_id", 1), ("area", 1), ("state", 1), ("seq", 1))),
    Index(DELIVERIES, (("hook_id", 1), ("record_time", 1), ("_id", 1))),
    Index(DELIVERIES, (("hook_id", 1), ("state", 1), ("record_time", 1), ("_id", 1))),
    Index(DELIVERIES, (("customer_id", 1),)),
    Index(DELIVERIES, (("expire_time", 1),), expire_after_seconds=0),
    Index(CURSORS, (("retry_time", 1),), sparse=True),
    Index(CURSORS, (("customer_id", 1),), sparse=True),
)


def _to_fields(subscription: Subscription) -> dict[str, Any]:
    wanted = subscription.wanted
    return {
        "hook_id": subscription.hook_id,
        "url": wanted.url,
        "event_types": list(wanted.event_types),
        "channel_kinds": list(wanted.channel_kinds),
        "channel_ids": list(wanted.channel_ids),
        "paused": wanted.paused,
        "secrets": [asdict(secret) for secret in subscription.secrets],
        "last_secret_version": subscription.last_secret_version,
        "create_time": subscription.create_time,
        "is_deleted": subscription.is_deleted,
    }


def _from_document(document: Mapping[str, Any]) -> Subscription:
    return Subscription(
        subscription_id=document["_id"],
        hook_id=document["hook_id"],
        wanted=Wanted(
            url=document["url"],
            event_types=tuple(document["event_types"]),
            channel_kinds=tuple(document["channel_kinds"]),
            channel_ids=tuple(document["channel_ids"]),
            paused=document["paused"],
        ),
        secrets=tuple(Secret(**secret) for secret in document["secrets"]),
        last_secret_version=document["last_secret_version"],
        create_time=document["create_time"],
        is_deleted=document["is_deleted"],
    )


SUBSCRIPTION_SHAPE: DocumentShape[Subscription] = DocumentShape(
    empty=Subscription, to_fields=_to_fields, from_document=_from_document
)

REPLAYS_SHAPE: DocumentShape[Replays] = DocumentShape(
    empty=Replays, to_fields=lambda _replays: {}, from_document=lambda document: Replays(document["_id"])
)


def health_from_document(document: Mapping[str, Any]) -> Health:
    """Read how a receiver fares."""
    return Health(
        hook_id=document["_id"],
        failure_count=document["failure_count"],
        rest_until=document.get("rest_until"),
        last_taken_time=document.get("last_taken_time"),
        last_failure=document.get("last_failure", ""),
    )


def delivery_id_of(hook_id: str, event_id: str) -> str:
    """Name one event for one receiver: the same however often it is heard."""
    return derived_id("hkd", hook_id, event_id)


def new_delivery(hook_id: str, area: str, event_type: str, event: Message, now: datetime) -> dict[str, Any]:
    """Write a delivery that is due now."""
    header = header_of(event)
    record_time = from_timestamp(header.record_time)
    return {
        "_id": delivery_id_of(hook_id, header.event_id),
        FORGOTTEN_ID if event_type in TELL_OF_ERASURES else "customer_id": header.customer_id,
        "hook_id": hook_id,
        "event_id": header.event_id,
        "event_type": event_type,
        "area": area,
        "seq": header.seq,
        "payload": event.SerializeToString(deterministic=True),
        "traceparent": header.traceparent,
        "record_time": record_time,
        "state": str(DeliveryState.WAITING),
        "start_time": now,
        "due_time": now,
        "tries": 0,
        "lease": "",
        "is_held": False,
        "expire_time": record_time + RETENTION,
    }


def delivery_from_document(document: Mapping[str, Any]) -> Delivery:
    """Read a delivery."""
    return Delivery(
        delivery_id=document["_id"],
        hook_id=document["hook_id"],
        customer_id=document.get("customer_id") or document[FORGOTTEN_ID],
        event_id=document["event_id"],
        event_type=document["event_type"],
        area=document["area"],
        seq=document["seq"],
        payload=document["payload"],
        traceparent=document["traceparent"],
        record_time=document["record_time"],
        state=DeliveryState(document["state"]),
        tries=document["tries"],
        start_time=document["start_time"],
        due_time=document.get("due_time"),
        last_outcome=document.get("last_outcome", ""),
        last_status=document.get("last_status", 0),
        last_try_time=document.get("last_try_time"),
    )
