"""Which events there are: those of the five areas' contracts, by area and the name of their payload."""

from collections.abc import Mapping
from types import MappingProxyType

from google.protobuf.message import Message

from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.messaging.v1.messaging_events_pb2 import MessagingEvent
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from services.messaging.subscriptions.values import ALL

AREAS: Mapping[str, type[Message]] = MappingProxyType(
    {
        "cart": CartEvent,
        "context": ContextEvent,
        "messaging": MessagingEvent,
        "preference": PreferenceEvent,
        "profile": ProfileEvent,
    }
)
"""The areas that announce events, with the type of all events of each."""
PAYLOAD = "payload"
TELL_OF_ERASURES = frozenset(
    {
        "cart.cart_erased",
        "context.journey_erased",
        "messaging.messaging_erased",
        "preference.preferences_erased",
        "profile.customer_erased",
    }
)
"""The last event of a customer in each area: nothing in it but that they were forgotten."""


def event_types() -> dict[str, str]:
    """Give all event types with the full names of their messages: `cart.cart_abandoned`, sorted."""
    found = {
        f"{area}.{field.name}": field.message_type.full_name
        for area, event in AREAS.items()
        for field in event.DESCRIPTOR.fields
        if field.message_type is not None and field.containing_oneof and field.containing_oneof.name == PAYLOAD
    }
    return dict(sorted(found.items()))


MESSAGES: Mapping[str, str] = MappingProxyType(event_types())


def event_type_of(area: str, event: Message) -> str:
    """Name what happened; empty for an event of a future version, which only its owner understands."""
    payload = event.WhichOneof(PAYLOAD)
    return f"{area}.{payload}" if payload else ""


def exists(pattern: str) -> bool:
    """Whether something can match what was subscribed to: an event type, `<area>.*`, or `*`."""
    area, _, name = pattern.partition(".")
    return pattern == ALL or pattern in MESSAGES or (area in AREAS and name == ALL)
