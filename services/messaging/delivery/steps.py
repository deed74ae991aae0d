"""Writes the steps of messages: each is decided by `model` and is one conditional write on the customer's record."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from libs.clock import Clock
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.members import get_member
from libs.mongo.record import Records
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.telemetry.propagation import current_traceparent
from services.messaging.campaigns.reporting.meters import CampaignMeters
from services.messaging.delivery.outcomes import Outcomes
from services.messaging.events import Event, MessageStateChanged
from services.messaging.model import Change
from services.messaging.store import MESSAGES, message_from_document
from services.messaging.values import Content, Message, Messaging, summary_of

PART = "messaging-sender"

log = structlog.get_logger(__name__)

Step = Callable[[Messaging, datetime], Change]
"""Takes the state and the time of writing."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What the parts of sending write with."""

    records: Records[Messaging, Event]
    database: Database
    outcomes: Outcomes
    campaigns: CampaignMeters
    clock: Clock
    new_id: NewId
    wake: Callable[[str], None]
    """Tells those who watch a customer's inbox."""

    async def write(
        self, customer_id: str, message: Message, step: Step, *, stamp: Stamp | None = None
    ) -> Saved[Messaging]:
        """Take one step, in one conditional write. Raises Overtaken."""
        taken: Change | None = None

        def decide(saved: Saved[Messaging]) -> Change:
            nonlocal taken
            taken = step(saved.state, self.clock())
            return taken

        outcome = await self.records.run(customer_id, stamp or self.stamp(message), decide)
        self.wake(outcome.saved.customer_id)
        for event in taken.events if taken else ():
            if isinstance(event, MessageStateChanged):
                self.outcomes.count(summary_of(event.message))
                log.info("message_changed", **_tell(event.message))
        self.campaigns.count(taken.events if taken else ())
        return outcome.saved

    def stamp(self, message: Message) -> Stamp:
        """Say what writes: the sender, on the journey of what caused the message."""
        origin = replace(
            Origin.system(PART, traceparent=current_traceparent()),
            session_id=message.origin.session_id,
            journey_id=message.origin.journey_id,
        )
        return Stamp.internal(f"send:{self.new_id('snd')}", origin)

    async def content(self, saved: Saved[Messaging], message: Message) -> Content:
        """Give what the message is made of."""
        document = await get_member(self.database, MESSAGES, saved, message.message_id)
        return message_from_document(document)[1] if document else Content()


def _tell(message: Message) -> dict[str, str]:
    """Give what a log line may say of a message."""
    return {
        "message_id": message.message_id,
        "state": message.state,
        "reason": message.state_reason,
        "delivery_kind": message.delivery_kind or "",
        "provider": message.provider_id,
    }
