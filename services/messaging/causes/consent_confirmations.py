"""Asks whether a yes was meant (double opt-in): queues a mail; its link and code are fetched when it is written.

So they are in the mail and nowhere else: neither in what is stored of the message, nor in events, logs or spans.
"""

from dataclasses import dataclass
from datetime import timedelta

from libs.ids import derived_id
from libs.mongo.members import get_member
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.purposes import CONSENT_CONFIRMATION
from services.messaging import model
from services.messaging.model import Change
from services.messaging.operations import Messages
from services.messaging.store import MESSAGES
from services.messaging.values import Content, DeliveryKind, Message, MessageId, Messaging, Reason, TemplateId

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
        messages = self.messages
        message_id = MessageId(derived_id("msg", wanted.event_id))
        known = await messages.records.get(customer_id)
        if await get_member(messages.database, MESSAGES, known, message_id) is not None:
            return  # the announcement was heard before
        template = await messages.templates.find(TEMPLATE_ID)

        def decide(saved: Saved[Messaging]) -> Change:
            now = messages.clock()
            message = Message(
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
            if template is None:
                return model.record_failure(saved.state, message, Reason.TEMPLATE_NOT_FOUND)
            if len(saved.state.waiting) >= model.MAX_WAITING:
                return model.record_failure(saved.state, message, Reason.QUEUE_FULL)
            return model.queue(saved.state, message, Content())

        stamp = Stamp.internal(f"confirmation:{wanted.event_id}", wanted.origin)
        outcome = await messages.records.run(customer_id, stamp, decide)
        messages.nudge(outcome.saved.customer_id)
