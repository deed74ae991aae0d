"""Wires delivery: from the settings to what sends, and what answers about it."""

from dataclasses import dataclass
from datetime import timedelta

from libs.mongo.record import Records
from libs.purposes import PurposeTable
from libs.rpc.directory import CustomerDirectory
from libs.service import Foundation
from services.messaging.campaigns.reporting.meters import CampaignMeters
from services.messaging.deciding.preparing import Preparing
from services.messaging.delivery.dead_letters import DeadLetterDesk
from services.messaging.delivery.handing_over import HandingOver
from services.messaging.delivery.inbox import Inboxes, Watchers
from services.messaging.delivery.inbox_servicer import InboxServicer
from services.messaging.delivery.making_providers import make_providers
from services.messaging.delivery.meters import Meters
from services.messaging.delivery.outcomes import Outcomes
from services.messaging.delivery.patience import Patience
from services.messaging.delivery.providers import Providers
from services.messaging.delivery.receipts import ReceiptDesk
from services.messaging.delivery.send_loop import First, Nudges, SendLoop
from services.messaging.delivery.sender import Sender
from services.messaging.delivery.servicer import DeliveryServicer
from services.messaging.delivery.steps import Steps
from services.messaging.delivery.suppressions import SuppressionDesk
from services.messaging.events import Event
from services.messaging.settings import MessagingSettings
from services.messaging.values import Messaging


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryParts:
    """What is there before messages are judged and sent: the ways out, and what answers about them."""

    providers: Providers
    meters: Meters
    campaigns: CampaignMeters
    watchers: Watchers
    delivery: DeliveryServicer
    inbox: InboxServicer


def delivery_parts(
    settings: MessagingSettings,
    foundation: Foundation,
    *,
    records: Records[Messaging, Event],
    directory: CustomerDirectory,
    nudges: Nudges,
    campaigns: CampaignMeters,
) -> DeliveryParts:
    """Make them. ValueError or OSError where what is said of providers cannot be."""
    clock, database = foundation.clock, foundation.database
    providers = make_providers(settings, clock=clock, random=foundation.random)
    meters = Meters(foundation.registry, providers, clock)
    watchers = Watchers(database, most=settings.inbox_watchers, look_seconds=settings.inbox_look_seconds)
    receipts = ReceiptDesk(
        records=records,
        database=database,
        providers=providers,
        meters=meters,
        campaigns=campaigns,
        clock=clock,
        new_id=foundation.new_id,
        wake=watchers.wake,
    )
    dead_letters = DeadLetterDesk(
        records=records,
        database=database,
        nudge=nudges.nudge,
        lifetime=timedelta(hours=settings.message_lifetime_hours),
        clock=clock,
    )
    inboxes = Inboxes(
        records=records,
        database=database,
        directory=directory,
        watchers=watchers,
        heartbeat_seconds=settings.inbox_heartbeat_seconds,
        clock=clock,
    )
    return DeliveryParts(
        providers=providers,
        meters=meters,
        campaigns=campaigns,
        watchers=watchers,
        delivery=DeliveryServicer(
            receipts=receipts,
            dead_letters=dead_letters,
            suppressions=SuppressionDesk(records),
            providers=providers,
            clock=clock,
        ),
        inbox=InboxServicer(inboxes=inboxes, receipts=receipts),
    )


def send_loop(
    settings: MessagingSettings,
    foundation: Foundation,
    *,
    parts: DeliveryParts,
    records: Records[Messaging, Event],
    preparing: Preparing,
    purposes: PurposeTable,
    nudges: Nudges,
    first: First,
) -> SendLoop:
    """Make what sends."""
    steps = Steps(
        records=records,
        database=foundation.database,
        outcomes=Outcomes(foundation.registry),
        campaigns=parts.campaigns,
        clock=foundation.clock,
        new_id=foundation.new_id,
        wake=parts.watchers.wake,
    )
    patience = Patience(
        lease=timedelta(seconds=settings.send_lease_seconds),
        retry_first=timedelta(seconds=settings.retry_first_seconds),
        retry_longest=timedelta(seconds=settings.retry_longest_seconds),
        most_tries=settings.most_tries,
        random=foundation.random,
    )
    sender = Sender(
        steps=steps,
        preparing=preparing,
        handing_over=HandingOver(
            steps=steps,
            providers=parts.providers,
            purposes=purposes,
            patience=patience,
            meters=parts.meters,
            new_id=foundation.new_id,
        ),
        patience=patience,
        tracer=foundation.tracer,
    )
    return SendLoop(
        sender=sender,
        first=first,
        records=records,
        nudges=nudges,
        clock=foundation.clock,
        sweep_seconds=settings.send_sweep_seconds,
    )
