"""Sends one-time codes: queues a message that holds no code, and fetches the code from profile when it is written.

So the code is in that message and nowhere else: neither in what is stored of it, nor in events, logs or spans.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.origin import Origin, Stamp
from libs.purposes import IDENTITY_CODE
from services.messaging.causes.announced import queue_announced
from services.messaging.operations import Messages
from services.messaging.values import DeliveryKind, Message, MessageId, TemplateId

TEMPLATE_ID = TemplateId("identity_code")
MESSAGE_ID_CHARACTERS = 26
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
        name = hashlib.sha256(wanted.event_id.encode()).hexdigest()[:MESSAGE_ID_CHARACTERS]
        message_id = MessageId(f"msg_{name}")

        def make(now: datetime) -> Message:
            return Message(
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

        stamp = Stamp.internal(f"code:{wanted.event_id}", wanted.origin)
        await queue_announced(self.messages, customer_id, message_id, TEMPLATE_ID, make, stamp=stamp)
