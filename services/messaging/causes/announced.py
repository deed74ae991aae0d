"""Queues a message that another service announced as wanted: once per announcement."""

from collections.abc import Callable
from datetime import datetime

from libs.mongo.members import get_member
from libs.mongo.values import Saved
from libs.origin import Stamp
from services.messaging import model
from services.messaging.model import Change
from services.messaging.operations import Messages
from services.messaging.store import MESSAGES
from services.messaging.values import Content, Message, MessageId, Messaging, Reason, TemplateId


async def queue_announced(
    messages: Messages,
    customer_id: str,
    message_id: MessageId,
    template_id: TemplateId,
    make: Callable[[datetime], Message],
    *,
    stamp: Stamp,
) -> None:
    """Queue what `make` gives for the time of writing, unless it was heard before; where it cannot be, note why."""
    known = await messages.records.get(customer_id)
    if await get_member(messages.database, MESSAGES, known, message_id) is not None:
        return
    template = await messages.templates.find(template_id)

    def decide(saved: Saved[Messaging]) -> Change:
        message = make(messages.clock())
        if template is None:
            return model.record_failure(saved.state, message, Reason.TEMPLATE_NOT_FOUND)
        if len(saved.state.waiting) >= model.MAX_WAITING:
            return model.record_failure(saved.state, message, Reason.QUEUE_FULL)
        return model.queue(saved.state, message, Content())

    outcome = await messages.records.run(customer_id, stamp, decide)
    messages.nudge(outcome.saved.customer_id)
