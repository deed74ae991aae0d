"""Sends one-time codes: queues a message that holds no code, and fetches the code from profile when it is written.

So the code is in that message and nowhere else: neither in what is stored of it, nor in events, logs or spans.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from libs.mongo.members import get_member
from libs.mongo.values import Saved
from libs.origin import Origin, Stamp
from libs.purposes import IDENTITY_CODE
from services.messaging import model
from services.messaging.model import Change
from services.messaging.operations import MESSAGE_ID_CHARACTERS, Messages
from services.messaging.store import MESSAGES
from services.messaging.values import Content, DeliveryKind, Message, MessageId, Messaging, Reason, TemplateId

TEMPLATE_ID = TemplateId("identity_code")
CODE_LIFETIME = timedelta(minutes=10)
"""An announcement older than this, met in a replay, sends nothing any more: the code works no longer."""


@dataclass(frozen=True, slots=True)
class CodeWanted:
    """A code that is to be delivered."""

    event_id: str
    """Of the announcement: it makes the message's id, so one announcement makes one message."""
    verification_id: str
    kind: DeliveryKind
    """By which way the code can reach what it is to prove."""
    origin: Origin


@dataclass(frozen=True, slots=True)
class IdentityCodes:
    """What is done about one-time codes."""

    messages: Messages

    async def send(self, customer_id: str, wanted: CodeWanted) -> None:
        """Queue the message, once per announcement; where that cannot be, note why."""
        messages = self.messages
        name = hashlib.sha256(wanted.event_id.encode()).hexdigest()[:MESSAGE_ID_CHARACTERS]
        message_id = MessageId(f"msg_{name}")
        known = await messages.records.get(customer_id)
        if await get_member(messages.database, MESSAGES, known, message_id) is not None:
            return  # the announcement was heard before
        template = await messages.templates.find(TEMPLATE_ID)

        def decide(saved: Saved[Messaging]) -> Change:
            now = messages.clock()
            message = Message(
                message_id=message_id,
                template_id=TEMPLATE_ID,
                purpose=IDENTITY_CODE,
                asked_kind=wanted.kind,
                cause=wanted.event_id,
                origin=wanted.origin,
                create_time=now,
                update_time=now,
                due_time=now,
                expire_time=now + CODE_LIFETIME,
                verification_id=wanted.verification_id,
            )
            if template is None:
                return model.record_failure(saved.state, message, Reason.TEMPLATE_NOT_FOUND)
            if len(saved.state.waiting) >= model.MAX_WAITING:
                return model.record_failure(saved.state, message, Reason.QUEUE_FULL)
            return model.queue(saved.state, message, Content())

        outcome = await messages.records.run(
            customer_id, Stamp.internal(f"code:{wanted.event_id}", wanted.origin), decide
        )
        messages.nudge(outcome.saved.customer_id)
