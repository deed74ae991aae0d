"""Sends what staff or a bot say in a conversation by mail too, so that the customer's answer joins it.

It goes to the customer's own verified address, as any message does, whatever address somebody wrote from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from libs.clock import Clock
from libs.mongo.values import Decision
from libs.origin import Stamp
from libs.purposes import Purpose
from services.messaging import errors, model
from services.messaging.conversations.talking import Place, find_open
from services.messaging.conversations.values import Conversation
from services.messaging.model import Change
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.templates import Template
from services.messaging.values import Content, DeliveryKind, Message, MessageId, TemplateId

VARIABLES = frozenset({"answer", "subject", "topic"})
"""What a template of replies may tell beside the customer's own data."""


@dataclass(frozen=True, slots=True)
class Replies:
    """How replies go out."""

    templates: TemplateBook
    purposes: Mapping[str, Purpose]
    template_id: str
    purpose: str
    lifetime: timedelta
    """How long one may wait."""
    clock: Clock

    async def template(self) -> Template:
        """Give the text around a reply. Raises PURPOSE_UNKNOWN, TEMPLATE_NOT_FOUND, VARIABLE_MISSING."""
        if self.purpose not in self.purposes:
            raise errors.purpose_unknown(self.purpose)
        template = await self.templates.find(self.template_id)
        if template is None:
            raise errors.template_not_found(self.template_id)
        for name in template.state.variable_names:
            if name not in VARIABLES:
                raise errors.variable_missing(name)
        return template.state

    def send(
        self, said: Change, text: str, template: Template, *, kind: DeliveryKind, message_id: MessageId, stamp: Stamp
    ) -> Change:
        """Add the message to what was said; both are one decision. Raises QUEUE_FULL."""
        conversation = find_open(said.state, Place(conversation_id=said.facts["conversation_id"]))
        if conversation is None:
            raise errors.conversation_not_found()
        now = self.clock()
        message = Message(
            message_id=message_id,
            template_id=TemplateId(self.template_id),
            purpose=self.purpose,
            asked_kind=kind,
            cause=said.facts["entry_id"],
            origin=stamp.origin,
            create_time=now,
            update_time=now,
            due_time=now,
            expire_time=now + self.lifetime,
            conversation_id=conversation.conversation_id,
            answered_mail_ids=conversation.mail_ids,
        )
        told = _variables(conversation, text)
        variables = tuple((name, told[name]) for name in sorted(template.variable_names))
        queued = model.queue(said.state, message, Content(variables=variables))
        return Decision(queued.state, (*said.events, *queued.events), {**said.facts, **queued.facts})


def _variables(conversation: Conversation, text: str) -> dict[str, str]:
    subject = conversation.mail_subject
    again = subject if not subject or subject.lower().startswith(("re:", "aw:")) else f"Re: {subject}"
    return {"answer": text, "subject": again, "topic": conversation.topic}
