"""Wires what cart listens to: profile, for merges and facts, and the aggregator, for journeys."""

from google.protobuf.message import Message

from libs.events.consumer import EventConsumer
from libs.events.merges import MergeListener
from libs.events.streams import internal_stream
from libs.service import Foundation
from omnithread.context.v1 import context_internal_service_pb2
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.context.v1.context_internal_service_pb2_grpc import ContextInternalServiceStub
from omnithread.profile.v1 import profile_internal_service_pb2
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from services.cart.audience.listener import AudienceListener
from services.cart.settings import CartSettings


def consumer_of(
    settings: CartSettings, foundation: Foundation, *, merges: MergeListener, audience: AudienceListener
) -> EventConsumer:
    """Make the consumer."""

    async def handle(area: str, event: Message) -> None:
        await merges.handle(area, event)
        await audience.handle(area, event)

    return foundation.consumer(
        group=settings.group("cart"),
        streams=[
            internal_stream(
                "profile",
                ProfileInternalServiceStub(foundation.channel("profile")),
                topic=settings.topic("profile"),
                event_type=ProfileEvent,
                messages=profile_internal_service_pb2,
            ),
            internal_stream(
                "context",
                ContextInternalServiceStub(foundation.channel("aggregator")),
                topic=settings.topic("context"),
                event_type=ContextEvent,
                messages=context_internal_service_pb2,
            ),
        ],
        handle=handle,
    )
