"""Asks whether a yes was meant (double opt-in): queues a mail; its link and code are fetched when it is written.

So they are in the mail and nowhere else: neither in what is stored of the message, nor in events, logs or spans.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.ids import derived_id
from libs.origin import Origin, Stamp
from libs.purposes import CONSENT_CONFIRMATION
from services.messaging.causes.announced import queue_announced
from services.messaging.operations import Messages
from services.messaging.values import DeliveryKind, Message, MessageId, TemplateId

TEMPLATE_ID = TemplateId("consent_confirmation")
CODE_LIFETIME = timedelta(hours=24)
"""An announcement older than this, met in a replay, sends nothing any more: the code works no longer."""


@dataclass(frozen=True, slots=True)
class ConfirmationWanted:
    """A yes that is to be asked about."""

    event_id: str
    """Of the announcement: it makes the message's id, so one announcement makes one message."""
    confirmation_id: str
    kind: DeliveryKind
    origin: Origin


@dataclass(frozen=True, slots=True)
class ConsentConfirmations:
    """What is done about a yes that waits."""

    messages: Messages

    async def ask(self, customer_id: str, wanted: ConfirmationWanted) -> None:
        """Queue the message, once per announcement; where that cannot be, note why."""
        message_id = MessageId(derived_id("msg", wanted.event_id))

        def make(now: datetime) -> Message:
            return Message(
                message_id=message_id,
                template_id=TEMPLATE_ID,
                purpose=CONSENT_CONFIRMATION,
                asked_kind=wanted.kind,
                cause=wanted.event_id,
                origin=wanted.origin,
                create_time=now,
                update_time=now,
                due_time=now,
                expire_time=now + CODE_LIFETIME,
                confirmation_id=wanted.confirmation_id,
            )

        stamp = Stamp.internal(f"confirmation:{wanted.event_id}", wanted.origin)
        await queue_announced(self.messages, customer_id, message_id, TEMPLATE_ID, make, stamp=stamp)
