"""Explains messages and silences: reads what is kept, and asks the others what they say now. Changes nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.mongo.members import Position, get_member, page
from libs.mongo.values import Saved
from libs.origin import Origin
from services.messaging import errors
from services.messaging.campaigns.values import Conversion, TriggerKind
from services.messaging.deciding.judgement import Finding, Judgement
from services.messaging.deciding.preparing import Preparing
from services.messaging.deciding.sources import Sources, away_from, cart_now
from services.messaging.explaining.matters import Matter, Matters, Missed
from services.messaging.explaining.stories import (
    MOST_MESSAGES,
    MessageStory,
    SilenceStory,
    WayStory,
    reason_of_silence,
    trigger_stories,
    words_of_silence,
)
from services.messaging.explaining.supposing import Supposed, cart_finding, suppose
from services.messaging.operations import Messages
from services.messaging.store import MESSAGES, message_from_document
from services.messaging.values import DeliveryKind, Message, MessageId, MessageState, Messaging, Reason, TemplateId

LOOKS_BACK = timedelta(days=30)
MOST_LOOKED_AT = 200
"""How many of the customer's newest messages are looked through."""
SUPPOSED_ID = MessageId("msg_supposed")
CART = "cart"


@dataclass(frozen=True, slots=True)
class Explanations:
    """What can be asked about messages that came, and about those that did not."""

    messages: Messages
    sources: Sources
    preparing: Preparing
    matters: Matters
    clock: Clock

    async def of_message(self, customer_id: str, message_id: str) -> tuple[str, MessageStory]:
        """Tell a message, and whose it is today. Raises CUSTOMER_NOT_FOUND, MESSAGE_NOT_FOUND."""
        saved = await self.messages.get(customer_id)
        return saved.customer_id, await self._story(saved, await self._find(saved, message_id))

    async def of_silence(self, customer_id: str, missed: Missed, since: datetime | None) -> SilenceStory:
        """Tell why something did not come. Raises CUSTOMER_NOT_FOUND, PURPOSE_UNKNOWN, TEMPLATE_NOT_FOUND."""
        if missed.purpose and missed.purpose not in self.messages.purposes:
            raise errors.purpose_unknown(missed.purpose)
        if missed.template_id and await self.messages.templates.find(missed.template_id) is None:
            raise errors.template_not_found(missed.template_id)
        saved = await self.messages.get(customer_id)
        begin = since or self.clock() - LOOKS_BACK
        found = await self._found(saved, missed, begin)
        stories = tuple(await asyncio.gather(*(self._story(saved, message) for message in found)))
        matters = [matter for matter in await self.matters() if missed.is_about(matter)]
        triggers = trigger_stories(
            saved.state.heard, saved.state.enrolments, matters=matters, missed=missed, since=begin
        )
        away = tuple(sorted({service for story in stories for service in story.away}))
        ways: tuple[WayStory, ...] = ()
        facts: tuple[Finding, ...] = ()
        if not stories:
            supposed = await suppose(self.sources, saved.customer_id)
            away, facts = supposed.away, self._facts(missed, matters, supposed)
            ways = await self._ways(saved, missed, matters, supposed)
        reason = reason_of_silence(stories, triggers, ways, facts)
        story = SilenceStory(reason, stories, triggers, ways, facts, away)
        return replace(story, words=words_of_silence(story, missed=missed.name))

    async def _story(self, saved: Saved[Messaging], message: Message) -> MessageStory:
        conversion = _conversion(saved.state, message)
        if message.state is not MessageState.QUEUED:
            return MessageStory(message, conversion=conversion)
        now = await self.preparing.rehearse(saved.customer_id, message, saved.state)
        return MessageStory(message, now, _away(now), conversion)

    async def _find(self, saved: Saved[Messaging], message_id: str) -> Message:
        """Give the message as the record has it while it waits, else as the list has it."""
        for waiting in saved.state.waiting:
            if waiting.message_id == message_id:
                return waiting
        document = await get_member(self.messages.database, MESSAGES, saved, message_id)
        if document is None:
            raise errors.message_not_found()
        return message_from_document(document)[0]

    async def _found(self, saved: Saved[Messaging], missed: Missed, since: datetime) -> list[Message]:
        """Give the newest messages of the kind, 20 at most, among the newest 200 of the customer."""
        waiting = {message.message_id: message for message in saved.state.waiting}
        found: list[Message] = []
        position: Position | None = None
        for _ in range(MOST_LOOKED_AT // MOST_MESSAGES):
            documents, position = await page(
                self.messages.database, MESSAGES, saved, position=position, limit=MOST_MESSAGES
            )
            listed = [message_from_document(document)[0] for document in documents]
            found += [
                waiting.get(message.message_id, message)
                for message in listed
                if message.create_time >= since and missed.is_meant(message)
            ]
            if position is None or len(found) >= MOST_MESSAGES or listed[-1].create_time < since:
                break
        return found[:MOST_MESSAGES]

    def _facts(self, missed: Missed, matters: Sequence[Matter], supposed: Supposed) -> tuple[Finding, ...]:
        active = [matter for matter in matters if matter.is_active]
        if (missed.campaign_id or matters) and not active:
            return (Finding("campaign", "SKIP", "NOT_ACTIVE"),)
        purchases = supposed.person.purchases
        if purchases is None or all(matter.trigger_kind is not TriggerKind.CART_ABANDONED for matter in active):
            return ()
        return (cart_finding(cart_now(purchases), self.clock()),)

    async def _ways(
        self, saved: Saved[Messaging], missed: Missed, matters: Sequence[Matter], supposed: Supposed
    ) -> tuple[WayStory, ...]:
        """Judge such a message by each way as if it were due now."""
        purpose = missed.purpose or next((matter.purpose for matter in matters), "")
        by_campaign = (matter.template_ids[0] for matter in matters if matter.template_ids)
        template_id = missed.template_id or next(by_campaign, "")
        if purpose not in self.messages.purposes:
            return ()
        needed_away = [service for service in supposed.away if service != CART]
        template = await self.messages.templates.find(template_id) if template_id else None
        stories = []
        for kind in self.preparing.provided_kinds:
            message = _supposed_message(purpose, template_id, kind, self.clock())
            judgement = (
                away_from(needed_away[0], time=self.clock(), traceparent="")
                if needed_away
                else self.preparing.suppose(supposed.person, template, message, saved.state)
            )
            stories.append(WayStory(kind, judgement))
        return tuple(stories)


def _conversion(state: Messaging, message: Message) -> Conversion | None:
    """Give the order that followed, while the record knows the way through the campaign."""
    step = message.campaign
    if step is None:
        return None
    return next((one.conversion for one in state.enrolments if one.enrolment_id == step.enrolment_id), None)


def _away(judgement: Judgement) -> tuple[str, ...]:
    if judgement.reason != Reason.SOURCE_AWAY.value:
        return ()
    return tuple(value for finding in judgement.findings for name, value in finding.facts if name == "source")


def _supposed_message(purpose: str, template_id: str, kind: DeliveryKind, now: datetime) -> Message:
    return Message(
        message_id=SUPPOSED_ID,
        template_id=TemplateId(template_id),
        purpose=purpose,
        asked_kind=kind,
        cause="",
        origin=Origin.system("messaging"),
        create_time=now,
        update_time=now,
        due_time=now,
        expire_time=now + LOOKS_BACK,
    )
