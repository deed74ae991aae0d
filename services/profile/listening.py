"""Wires what profile listens to: cart and the aggregator, whose events become facts."""

from libs.events.consumer import EventConsumer
from libs.events.streams import internal_stream
from libs.mongo.record import Records
from libs.service import Foundation
from omnithread.cart.v1 import cart_internal_service_pb2
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.context.v1 import context_internal_service_pb2
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.context.v1.context_internal_service_pb2_grpc import ContextInternalServiceStub
from services.profile.consumer import Listener
from services.profile.model import Profile
from services.profile.settings import ProfileSettings
from services.profile.store import Announced


def consumer_of(
    settings: ProfileSettings, foundation: Foundation, records: Records[Profile, Announced]
) -> EventConsumer:
    """Make the consumer."""
    return foundation.consumer(
        group=settings.group("profile"),
        streams=[
            internal_stream(
                "cart",
                CartInternalServiceStub(foundation.channel("cart")),
                topic=settings.topic("cart"),
                event_type=CartEvent,
                messages=cart_internal_service_pb2,
            ),
            internal_stream(
                "context",
                ContextInternalServiceStub(foundation.channel("aggregator")),
                topic=settings.topic("context"),
                event_type=ContextEvent,
                messages=context_internal_service_pb2,
            ),
        ],
        handle=Listener(records=records).handle,
    )
