"""Puts together what posts events to other systems."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from libs.mongo.cursors import Cursors
from libs.mongo.record import Records
from libs.rpc.server import Registration
from libs.service import Foundation, Runs
from libs.webhooks.addresses import AddressRules, networks_from
from libs.webhooks.client import WebhookClient
from omnithread.messaging.v1.subscription_service_pb2_grpc import add_SubscriptionServiceServicer_to_server
from services.messaging.events import Event
from services.messaging.settings import MessagingSettings
from services.messaging.subscriptions.book import SubscriptionBook
from services.messaging.subscriptions.deliveries import Deliveries
from services.messaging.subscriptions.dispatcher import Dispatcher
from services.messaging.subscriptions.health import Healths
from services.messaging.subscriptions.hearing import Hearing
from services.messaging.subscriptions.intake import HookIntake
from services.messaging.subscriptions.metrics import HookMetrics
from services.messaging.subscriptions.operations import Subscriptions
from services.messaging.subscriptions.posting import Poster
from services.messaging.subscriptions.replaying import Replaying
from services.messaging.subscriptions.servicer import SubscriptionServicer
from services.messaging.subscriptions.store import (
    CURSORS,
    REPLAYS,
    REPLAYS_SHAPE,
    SUBSCRIPTION_SHAPE,
    SUBSCRIPTIONS,
)
from services.messaging.subscriptions.streams import streams_of
from services.messaging.values import Messaging

GROUP = "messaging-subscriptions"
"""A group of its own: a slow database of deliveries never holds up reminders."""


@dataclass(frozen=True, slots=True)
class SubscriptionParts:
    """What the service runs."""

    registration: Registration
    consumer: Runs
    sweeps: Mapping[str, Callable[[], Awaitable[None]]]
    close: Callable[[], Awaitable[None]]


def webhook_rules(settings: MessagingSettings) -> AddressRules:
    """Say where webhooks may go. ValueError where a network is none."""
    return AddressRules(
        allow_http=settings.subscription_allow_http,
        allowed_networks=networks_from(settings.subscription_allowed_networks.split(",")),
    )


def subscription_parts(
    settings: MessagingSettings,
    foundation: Foundation,
    *,
    records: Records[Messaging, Event],
) -> SubscriptionParts:
    """Put them together. ValueError for settings that are damaged."""
    database, clock = foundation.database, foundation.clock
    rules = webhook_rules(settings)
    documents = foundation.documents(SUBSCRIPTIONS, SUBSCRIPTION_SHAPE)
    replays = foundation.documents(REPLAYS, REPLAYS_SHAPE)
    book, deliveries, healths = SubscriptionBook(documents), Deliveries(database), Healths(database)
    metrics = HookMetrics(foundation.registry)
    client = WebhookClient(rules=rules, ca_file=settings.subscription_ca_file)
    poster = Poster(
        deliveries=deliveries,
        healths=healths,
        client=client,
        metrics=metrics,
        clock=clock,
        new_id=foundation.new_id,
        random=foundation.random,
        lease=timedelta(seconds=settings.subscription_lease_seconds),
        retry_first=timedelta(seconds=settings.subscription_retry_first_seconds),
        tracer=foundation.tracer,
    )
    dispatcher = Dispatcher(
        book=book,
        deliveries=deliveries,
        healths=healths,
        poster=poster,
        clock=clock,
        every_seconds=settings.subscription_sweep_seconds,
    )
    intake = HookIntake(book=book, deliveries=deliveries, nudge=dispatcher.nudge, metrics=metrics, clock=clock)
    cursors = Cursors(database, CURSORS)
    consumer = foundation.consumer(
        group=settings.group(GROUP),
        streams=streams_of(settings, foundation, records),
        handle=intake.handle,
        cursors=cursors,
    )
    servicer = SubscriptionServicer(
        subscriptions=Subscriptions(
            documents=documents, healths=healths, rules=rules, clock=clock, new_id=foundation.new_id
        ),
        deliveries=deliveries,
        replaying=Replaying(deliveries, replays, dispatcher.nudge, clock),
        poster=poster,
        clock=clock,
        new_id=foundation.new_id,
    )
    return SubscriptionParts(
        registration=partial(add_SubscriptionServiceServicer_to_server, servicer),
        consumer=Hearing(book=book, cursors=cursors, consumer=consumer, clock=clock),
        sweeps={"subscription-dispatcher": dispatcher.run},
        close=client.close,
    )
