"""The five areas as subscriptions hear them: four by asking their owners, our own by asking our records."""

from libs.events.streams import Stream, internal_stream, own_stream
from libs.mongo.record import Records
from libs.service import Foundation
from omnithread.cart.v1 import cart_internal_service_pb2
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.context.v1 import context_internal_service_pb2
from omnithread.context.v1.context_internal_service_pb2_grpc import ContextInternalServiceStub
from omnithread.preference.v1 import preference_internal_service_pb2
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from omnithread.profile.v1 import profile_internal_service_pb2
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from services.messaging.events import Event
from services.messaging.settings import MessagingSettings
from services.messaging.subscriptions.event_types import AREAS
from services.messaging.values import Messaging

OWN = "messaging"


def streams_of(settings: MessagingSettings, foundation: Foundation, records: Records[Messaging, Event]) -> list[Stream]:
    """Give the streams of all areas, over channels of their own."""
    others = (
        ("cart", "cart", CartInternalServiceStub, cart_internal_service_pb2),
        ("context", "aggregator", ContextInternalServiceStub, context_internal_service_pb2),
        ("preference", "preference", PreferenceInternalServiceStub, preference_internal_service_pb2),
        ("profile", "profile", ProfileInternalServiceStub, profile_internal_service_pb2),
    )
    streams = [
        internal_stream(
            area,
            stub(foundation.channel(service)),
            topic=settings.topic(area),
            event_type=AREAS[area],
            messages=messages,
        )
        for area, service, stub, messages in others
    ]
    own = own_stream(OWN, records, topic=settings.topic(OWN), event_type=AREAS[OWN], clock=foundation.clock)
    return [*streams, own]
