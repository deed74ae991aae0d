"""Coordinates messages: load, decide, save. Each operation is one story of what the service is asked to do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.errors import invalid_field
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.members import Position, get_member, page
from libs.mongo.record import Records
from libs.mongo.values import Outcome, Saved
from libs.origin import Origin, Stamp
from libs.purposes import PurposeTable
from libs.rpc.directory import CustomerDirectory
from services.messaging import errors, model
from services.messaging.events import Event
from services.messaging.model import Change
from services.messaging.store import MESSAGES, message_from_document
from services.messaging.texts.book import TemplateBook
from services.messaging.texts.templates import Template
from services.messaging.values import Content, DeliveryKind, Message, MessageId, Messaging, TemplateId, Wanted


@dataclass(frozen=True, slots=True)
class Messages:
    """What can be done with messages, and what is common to a customer's record."""

    records: Records[Messaging, Event]
    database: Database
    directory: CustomerDirectory
    templates: TemplateBook
    purposes: PurposeTable
    lifetime: timedelta
    """How long a message may wait beyond its time."""
    nudge: Callable[[str], None]
    """Tells the sender of a customer with something to send."""
    clock: Clock
    new_id: NewId

    async def get(self, customer_id: str) -> Saved[Messaging]:
        """Give the record as committed now, an empty one to a customer without. Raises CUSTOMER_NOT_FOUND."""
        saved = await self.records.get(customer_id)
        if saved.exists:
            return saved
        standing = await self.directory.standing_as_far_as_known(customer_id)
        return saved if standing == customer_id else await self.records.get(standing)

    async def send(
        self, customer_id: str, wanted: Wanted, *, stamp: Stamp
    ) -> tuple[Outcome[Messaging], Message, Content]:
        """Queue a message, and give it as it is now.

        Raises TEMPLATE_NOT_FOUND, VARIABLE_UNKNOWN, VARIABLE_MISSING, PURPOSE_UNKNOWN, QUEUE_FULL.
        """
        template = await self.templates.find(wanted.template_id)
        message_id = MessageId(self.new_id("msg"))

        def decide(saved: Saved[Messaging]) -> Change:
            if template is None:
                raise errors.template_not_found(wanted.template_id)
            if wanted.purpose not in self.purposes:
                raise errors.purpose_unknown(wanted.purpose)
            content = Content(variables=_checked_variables(wanted, template.state))
            now = self.clock()
            message = _message(
                message_id,
                wanted.template_id,
                wanted.purpose,
                cause=stamp.request_id,
                origin=stamp.origin,
                now=now,
                due_time=now,
                lifetime=self.lifetime,
            )
            asking = replace(message, asked_kind=wanted.kind)
            return model.queue(saved.state, asking, content, occur_time=stamp.issue_time)

        outcome = await self.records.run(customer_id, stamp, decide)
        self.nudge(outcome.saved.customer_id)
        return outcome, *await self._member(outcome.saved, outcome.facts["message_id"])

    async def get_message(self, customer_id: str, message_id: str) -> tuple[str, Message, Content]:
        """Give a message, and whose it is today. Raises MESSAGE_NOT_FOUND."""
        saved = await self.records.get(customer_id)
        return saved.customer_id, *await self._member(saved, message_id)

    async def list_messages(
        self, customer_id: str, *, kind: DeliveryKind | None, position: Position | None, limit: int
    ) -> tuple[str, list[tuple[Message, Content]], Position | None]:
        """Give one page, newest first, whose they are today, and where the next page begins."""
        saved = await self.get(customer_id)
        match = {} if kind is None else {"delivery_kind": kind.value}
        documents, following = await page(self.database, MESSAGES, saved, match=match, position=position, limit=limit)
        return saved.customer_id, [message_from_document(document) for document in documents], following

    async def _member(self, saved: Saved[Messaging], message_id: str) -> tuple[Message, Content]:
        document = await get_member(self.database, MESSAGES, saved, message_id)
        if document is None:
            raise errors.message_not_found()
        return message_from_document(document)


def _checked_variables(wanted: Wanted, template: Template) -> tuple[tuple[str, str], ...]:
    given: dict[str, str] = {}
    for index, (name, value) in enumerate(wanted.variables):
        if name not in template.variable_names:
            raise errors.variable_unknown(index, name)
        if name in given:
            raise invalid_field(f"variables[{index}].name", "given twice")
        given[name] = value
    for name in template.variable_names:
        if name not in given:
            raise errors.variable_missing(name)
    return tuple(sorted(given.items()))


def _message(
    message_id: MessageId,
    template_id: str,
    purpose: str,
    *,
    cause: str,
    origin: Origin,
    now: datetime,
    due_time: datetime,
    lifetime: timedelta,
) -> Message:
    return Message(
        message_id=message_id,
        template_id=TemplateId(template_id),
        purpose=purpose,
        asked_kind=None,
        cause=cause,
        origin=origin,
        create_time=now,
        update_time=now,
        due_time=due_time,
        expire_time=due_time + lifetime,
    )
