"""Wires messaging: settings, clients, stores, operations, servicers, consumers and sweeps."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial

from libs.events.merges import MergeListener, undated
from libs.events.streams import internal_stream
from libs.mongo.connection import Database
from libs.mongo.shapes import CURSORS
from libs.purposes import load_purposes
from libs.rpc.directory import CustomerDirectory
from libs.service import Foundation, Parts, Service
from omnithread.cart.v1 import cart_internal_service_pb2
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.cart.v1.order_service_pb2_grpc import OrderServiceStub
from omnithread.context.v1 import context_internal_service_pb2
from omnithread.context.v1.context_events_pb2 import ContextEvent
from omnithread.context.v1.context_internal_service_pb2_grpc import ContextInternalServiceStub
from omnithread.messaging.v1.brand_service_pb2_grpc import add_BrandServiceServicer_to_server
from omnithread.messaging.v1.campaign_service_pb2_grpc import add_CampaignServiceServicer_to_server
from omnithread.messaging.v1.delivery_service_pb2_grpc import add_DeliveryServiceServicer_to_server
from omnithread.messaging.v1.inbox_service_pb2_grpc import add_InboxServiceServicer_to_server
from omnithread.messaging.v1.messaging_internal_service_pb2_grpc import (
    add_MessagingInternalServiceServicer_to_server,
)
from omnithread.messaging.v1.messaging_service_pb2_grpc import add_MessagingServiceServicer_to_server
from omnithread.messaging.v1.template_service_pb2_grpc import add_TemplateServiceServicer_to_server
from omnithread.preference.v1 import preference_internal_service_pb2
from omnithread.preference.v1.preference_events_pb2 import PreferenceEvent
from omnithread.preference.v1.preference_internal_service_pb2_grpc import PreferenceInternalServiceStub
from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceStub
from omnithread.profile.v1 import profile_internal_service_pb2
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from services.messaging.campaigns.documents import CAMPAIGN_INDEXES
from services.messaging.campaigns.parts import campaign_parts
from services.messaging.campaigns.reporting.meters import CampaignMeters
from services.messaging.campaigns.reporting.parts import reporting_parts
from services.messaging.campaigns.shipping import put_shipped
from services.messaging.causes.consent_confirmations import ConsentConfirmations
from services.messaging.causes.identity_codes import IdentityCodes
from services.messaging.consumer import AREA, Listener
from services.messaging.conversations.parts import conversation_parts
from services.messaging.deciding.metrics import JudgementMetrics
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.sources import Sources
from services.messaging.deciding.time_zones import TimeZones
from services.messaging.delivery import parts as delivery
from services.messaging.delivery.queue_gauges import queue_sweeps
from services.messaging.delivery.send_loop import Nudges
from services.messaging.explaining.parts import explaining_registration
from services.messaging.internal_servicer import MessagingInternalServicer
from services.messaging.merging.operations import Merges
from services.messaging.operations import Messages
from services.messaging.servicer import MessagingServicer
from services.messaging.settings import MessagingSettings
from services.messaging.store import INDEXES, SHAPE
from services.messaging.subscriptions.parts import subscription_parts
from services.messaging.subscriptions.store import CURSORS as SUBSCRIPTION_CURSORS
from services.messaging.texts.fields import TEXT_INDEXES
from services.messaging.texts.parts import text_parts
from services.messaging.texts.viewed import VIEWED_INDEXES


async def build(settings: MessagingSettings, foundation: Foundation) -> Parts:
    """Put the parts together. ValueError where the file of purposes is damaged."""
    profile_channel = foundation.channel("profile")
    cart_channel = foundation.channel("cart")
    profile_internal = ProfileInternalServiceStub(profile_channel)
    directory = CustomerDirectory(profile_internal)
    purposes = load_purposes(settings.purposes_file)
    records = foundation.records(SHAPE, admit=directory.admit)
    profile = ProfileServiceStub(profile_channel)
    preference_channel = foundation.channel("preference")
    preference_internal = PreferenceInternalServiceStub(preference_channel)
    sources = Sources(
        profile=profile,
        preference=PreferenceServiceStub(preference_channel),
        cart=CartServiceStub(cart_channel),
        orders=OrderServiceStub(cart_channel),
        profile_internal=profile_internal,
        preference_internal=preference_internal,
    )
    texts = text_parts(settings, foundation, records=records, sources=sources)
    nudges = Nudges()
    messages = Messages(
        records=records,
        database=foundation.database,
        directory=directory,
        templates=texts.templates,
        purposes=purposes,
        lifetime=timedelta(hours=settings.message_lifetime_hours),
        nudge=nudges.nudge,
        clock=foundation.clock,
        new_id=foundation.new_id,
    )
    merges = Merges(records=records, database=foundation.database, nudge=nudges.nudge, clock=foundation.clock)
    conversations = conversation_parts(
        settings,
        foundation,
        records=records,
        templates=texts.templates,
        purposes=purposes,
        profile=profile,
        nudge=nudges.nudge,
    )
    campaign_meters = CampaignMeters(foundation.registry)
    reporting = reporting_parts(foundation, records=records, meters=campaign_meters)
    delivering = delivery.delivery_parts(
        settings, foundation, records=records, directory=directory, nudges=nudges, campaigns=campaign_meters
    )
    time_zones = TimeZones(foundation.channels, default=settings.default_time_zone)
    preparing = Preparing(
        sources=sources,
        templates=texts.templates,
        purposes=purposes,
        writing=texts.writing,
        provided_kinds=delivering.providers.kinds,
        time_zones=time_zones,
        metrics=JudgementMetrics(foundation.registry),
        clock=foundation.clock,
        doubt=foundation.doubt,
        lead=timedelta(seconds=settings.send_lease_seconds / 2),
    )
    campaigns = campaign_parts(
        foundation,
        messages=messages,
        sources=sources,
        profile_internal=profile_internal,
        time_zones=time_zones,
        preparing=preparing,
        purposes=purposes,
        lifetime=messages.lifetime,
        nudge=nudges.nudge,
        count=campaign_meters.count,
    )
    send_loop = delivery.send_loop(
        settings,
        foundation,
        parts=delivering,
        records=records,
        preparing=preparing,
        purposes=purposes,
        nudges=nudges,
        first=campaigns.stepper.step_due,
    )
    listener = Listener(
        viewed=texts.viewed,
        codes=IdentityCodes(messages),
        confirmations=ConsentConfirmations(messages),
        campaigns=campaigns.hearing,
        crediting=reporting.crediting,
        merges=MergeListener(area=AREA, absorb=undated(merges.absorb), profile=profile_internal),
        clock=foundation.clock,
    )
    consumer = foundation.consumer(
        group=settings.group(AREA),
        streams=[
            internal_stream(
                "cart",
                CartInternalServiceStub(cart_channel),
                topic=settings.topic("cart"),
                event_type=CartEvent,
                messages=cart_internal_service_pb2,
            ),
            internal_stream(
                "profile",
                profile_internal,
                topic=settings.topic("profile"),
                event_type=ProfileEvent,
                messages=profile_internal_service_pb2,
            ),
            internal_stream(
                "preference",
                preference_internal,
                topic=settings.topic("preference"),
                event_type=PreferenceEvent,
                messages=preference_internal_service_pb2,
            ),
            internal_stream(
                "context",
                ContextInternalServiceStub(foundation.channel("aggregator")),
                topic=settings.topic("context"),
                event_type=ContextEvent,
                messages=context_internal_service_pb2,
            ),
        ],
        handle=listener.handle,
    )
    subscriptions = subscription_parts(settings, foundation, records=records)
    servicer = MessagingServicer(messages=messages, conversations=conversations.desk)

    def stopping() -> None:
        send_loop.stop_taking()
        delivering.watchers.stop()

    internal_servicer = MessagingInternalServicer(
        messages=messages, merges=merges, reads_together=foundation.reads_together
    )
    return Parts(
        registrations=[
            partial(add_MessagingServiceServicer_to_server, servicer),
            conversations.registration,
            reporting.registration,
            partial(add_TemplateServiceServicer_to_server, texts.template_servicer),
            partial(add_BrandServiceServicer_to_server, texts.brand_servicer),
            partial(add_MessagingInternalServiceServicer_to_server, internal_servicer),
            partial(add_CampaignServiceServicer_to_server, campaigns.servicer),
            explaining_registration(
                foundation, messages=messages, sources=sources, preparing=preparing, book=campaigns.book
            ),
            subscriptions.registration,
            partial(add_DeliveryServiceServicer_to_server, delivering.delivery),
            partial(add_InboxServiceServicer_to_server, delivering.inbox),
        ],
        consumers=[consumer, subscriptions.consumer],
        sweeps={
            "messaging-sender": send_loop.run,
            "messaging-inboxes": delivering.watchers.run,
            **subscriptions.sweeps,
            **queue_sweeps(foundation.registry, foundation.database, foundation.clock),
        },
        stopping=stopping,
        most_streams=settings.inbox_watchers,
        close=one_after_the_other(subscriptions.close, delivering.providers.close),
    )


def one_after_the_other(*closes: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Close all, each though another failed."""

    async def close() -> None:
        async with AsyncExitStack() as stack:
            for one in reversed(closes):
                stack.push_async_callback(one)

    return close


async def furnish(settings: MessagingSettings, database: Database) -> None:
    """Put the campaigns that come with the suite, where nobody has put them."""
    await put_shipped(database, reminder_delay_seconds=settings.reminder_delay_seconds)


SERVICE = Service(
    name="messaging",
    area=AREA,
    settings=MessagingSettings,
    build=build,
    indexes=(*INDEXES, *TEXT_INDEXES, *VIEWED_INDEXES, *CAMPAIGN_INDEXES),
    cursor_collections=(CURSORS, SUBSCRIPTION_CURSORS),
    furnish=furnish,
)
