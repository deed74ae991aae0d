"""Wires delivery: from the settings to what sends, and what answers about it."""

from dataclasses import dataclass
from datetime import timedelta

from libs.mongo.record import Records
from libs.purposes import PurposeTable
from libs.service import Foundation
from services.messaging.deciding.preparing import Preparing
from services.messaging.delivery.handing_over import HandingOver
from services.messaging.delivery.making_providers import make_providers
from services.messaging.delivery.meters import Meters
from services.messaging.delivery.outcomes import Outcomes
from services.messaging.delivery.patience import Patience
from services.messaging.delivery.providers import Providers
from services.messaging.delivery.send_loop import Nudges, SendLoop
from services.messaging.delivery.sender import Sender
from services.messaging.delivery.steps import Steps
from services.messaging.events import Event
from services.messaging.settings import MessagingSettings
from services.messaging.values import Messaging


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways out, made first: what judges messages has to know them."""

    providers: Providers
    meters: Meters


def ways(settings: MessagingSettings, foundation: Foundation) -> Ways:
    """Make the providers. ValueError or OSError where what is said of them cannot be."""
    providers = make_providers(settings, clock=foundation.clock, random=foundation.random)
    return Ways(providers, Meters(foundation.registry, providers, foundation.clock))


def send_loop(
    settings: MessagingSettings,
    foundation: Foundation,
    *,
    ways: Ways,
    records: Records[Messaging, Event],
    preparing: Preparing,
    purposes: PurposeTable,
    nudges: Nudges,
) -> SendLoop:
    """Make what sends."""
    steps = Steps(
        records=records,
        database=foundation.database,
        outcomes=Outcomes(foundation.registry),
        clock=foundation.clock,
        new_id=foundation.new_id,
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
            providers=ways.providers,
            purposes=purposes,
            patience=patience,
            meters=ways.meters,
            new_id=foundation.new_id,
        ),
        patience=patience,
        tracer=foundation.tracer,
    )
    return SendLoop(
        sender=sender,
        records=records,
        nudges=nudges,
        clock=foundation.clock,
        sweep_seconds=settings.send_sweep_seconds,
    )
