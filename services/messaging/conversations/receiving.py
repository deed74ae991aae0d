"""Takes in mails from customers: each joins the conversation that it answers, once, and reads nothing of it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from libs.clock import Clock
from libs.errors import OmnithreadError, Status, invalid_field
from libs.ids import NewId
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.record import Records
from libs.mongo.values import Decision, Outcome, Saved
from libs.origin import Origin, Stamp
from services.messaging import errors
from services.messaging.conversations import talking
from services.messaging.conversations.desk import ConversationDesk
from services.messaging.conversations.mails import (
    answered_mails,
    clean_subject,
    clean_text,
    is_automatic,
    mail_id_of,
    our_message,
)
from services.messaging.conversations.quotes import without_quotes
from services.messaging.conversations.senders import Senders
from services.messaging.conversations.talking import Place, Words
from services.messaging.conversations.values import Author, ConversationId, EntryId, Mail
from services.messaging.events import Event
from services.messaging.model import Change
from services.messaging.store import ENTRIES, MAIL_KEY, MESSAGES, mail_key
from services.messaging.values import Messaging

MAX_ENTRY_CHARACTERS = 4096
MAX_TEXT_BYTES = 16_384
"""So that a record has room for many mails that come at once."""
MAX_FOUND = 100
MORE_LOOKS = 3
LOOK_PAUSE_SECONDS = 0.25
OLDEST_TOLD = timedelta(days=7)
"""A mail that says it is older counts as written when it came."""


@dataclass(frozen=True, slots=True)
class IncomingMail:
    """A mail as its gateway read it."""

    mail_id: str
    in_reply_to: str
    references: Sequence[str]
    from_address: str
    subject: str
    text: str
    mail_time: datetime | None
    auto_submitted: str
    precedence: str
    topic: str


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a mail."""

    outcome: Outcome[Messaging]
    conversation_id: str
    """Empty where it was passed over."""
    entry_id: str


@dataclass(frozen=True, slots=True)
class _Thread:
    """Where a mail leads that it names."""

    customer_id: str
    conversation_id: str = ""


@dataclass(frozen=True, slots=True)
class MailRoom:
    """Takes in one mail after the other."""

    records: Records[Messaging, Event]
    database: Database
    desk: ConversationDesk
    senders: Senders
    default_topic: str
    clock: Clock
    new_id: NewId

    async def receive(self, incoming: IncomingMail, *, origin: Origin) -> Received:
        """Take in a mail; safe to repeat. Raises SENDER_UNKNOWN, CONVERSATION_LIMIT, DEPENDENCY_UNAVAILABLE."""
        mail_id = mail_id_of(incoming.mail_id)
        if not mail_id:
            raise invalid_field("mail_id", "no Message-ID")
        text = clean_text(incoming.text)
        subject = clean_subject(incoming.subject)
        said = without_quotes(text)[:MAX_ENTRY_CHARACTERS] or subject
        if not said:
            raise invalid_field("text", "nothing is said")
        sender = await self.senders.find(incoming.from_address)
        thread = await self._thread(incoming, sender)
        saved = await self._whose(thread.customer_id)
        stamp = Stamp(
            request_id=f"mail:{mail_key(mail_id)}",
            body_hash=sha256(mail_id.encode()).digest(),
            issue_time=None,
            origin=origin,
        )
        known = await self._known(mail_id, saved)
        if known is not None:
            return known
        mail = Mail(mail_id, subject, _short(text), from_own_address=sender in saved.lineage)
        words = Words(
            author=Author.CUSTOMER,
            actor_id="",
            text=said,
            channel_id=origin.channel_id,
            channel_kind=origin.channel_kind,
            mail=mail,
            automatic=is_automatic(incoming.auto_submitted, incoming.precedence),
        )
        place = Place(thread.conversation_id, await self._topic(saved, thread, incoming))
        return await self._post(saved.customer_id, place, words, incoming.mail_time, stamp)

    async def _post(
        self, customer_id: str, place: Place, words: Words, mail_time: datetime | None, stamp: Stamp
    ) -> Received:
        conversation_id, entry_id = ConversationId(self.new_id("cnv")), EntryId(self.new_id("ent"))

        def decide(saved: Saved[Messaging]) -> Change:
            if words.automatic and talking.find_open(saved.state, place) is None:
                return Decision(saved.state)  # there is nothing to note it in
            now = self.clock()
            return talking.post(
                saved.state,
                place,
                words,
                now=now,
                new_conversation_id=conversation_id,
                new_entry_id=entry_id,
                occur_time=mail_time if mail_time and now - OLDEST_TOLD <= mail_time <= now else None,
            )

        outcome = await self.records.run(customer_id, stamp, decide)
        return Received(outcome, outcome.facts.get("conversation_id", ""), outcome.facts.get("entry_id", ""))

    async def _thread(self, incoming: IncomingMail, sender: str) -> _Thread:
        """Find where it belongs: by the mails that it names, its sender's own before others', else by its sender."""
        mail_ids = answered_mails(incoming.in_reply_to, incoming.references)
        threads = await self._threads(mail_ids)
        for _ in range(MORE_LOOKS):
            if threads or not any(map(our_message, mail_ids)):
                break
            await asyncio.sleep(LOOK_PAUSE_SECONDS)  # who answers at once is faster than our list of messages
            threads = await self._threads(mail_ids)
        own = [thread for thread in threads if thread.customer_id == sender]
        found = next(iter(own or threads), None)
        if found is not None:
            return found
        if sender and mail_ids:
            return await self._just_now(sender, mail_ids)
        if not sender:
            raise errors.sender_unknown()
        return _Thread(sender)

    async def _threads(self, mail_ids: Sequence[str]) -> list[_Thread]:
        """Give where these mails lead, in their order; of one that several got, the first. Two indexed queries."""
        if not mail_ids:
            return []
        ours = {message_id: mail_id for mail_id in mail_ids if (message_id := our_message(mail_id))}
        keys = {mail_key(mail_id): mail_id for mail_id in mail_ids}
        with reading():
            messages = await self.database[MESSAGES].find({"_id": {"$in": list(ours)}}).to_list(MAX_FOUND)
            cursor = self.database[ENTRIES].find({MAIL_KEY: {"$in": list(keys)}}).limit(MAX_FOUND)
            entries = await cursor.to_list(MAX_FOUND)
        found: dict[str, list[_Thread]] = {}
        for document in messages:
            thread = _Thread(document["customer_id"], document["message"].get("conversation_id", ""))
            found.setdefault(ours[document["_id"]], []).append(thread)
        for document in sorted(entries, key=lambda entry: (entry["sort_time"], entry["_id"])):
            thread = _Thread(document["customer_id"], document["conversation_id"])
            found.setdefault(keys[document[MAIL_KEY]], []).append(thread)
        return [thread for mail_id in mail_ids for thread in found.get(mail_id, ())]

    async def _just_now(self, sender: str, mail_ids: Sequence[str]) -> _Thread:
        """Find where it belongs by mails that came a moment ago, and are in the sender's record only."""
        for conversation in (await self._whose(sender)).state.conversations:
            if set(conversation.mail_ids) & set(mail_ids):
                return _Thread(sender, conversation.conversation_id)
        return _Thread(sender)

    async def _whose(self, customer_id: str) -> Saved[Messaging]:
        try:
            return await self.records.get(customer_id)
        except OmnithreadError as error:
            if error.status is Status.NOT_FOUND:  # forgotten
                raise errors.sender_unknown() from None
            raise

    async def _known(self, mail_id: str, saved: Saved[Messaging]) -> Received | None:
        """Say what became of a mail that came before, however long ago. One indexed query."""
        match: Document = {MAIL_KEY: mail_key(mail_id), "customer_id": {"$in": list(saved.lineage)}}
        with reading():
            document = await self.database[ENTRIES].find_one(match)
        if document is None:
            return None
        facts = {"conversation_id": document["conversation_id"], "entry_id": document["_id"]}
        return Received(Outcome(saved, facts, replayed=True), document["conversation_id"], document["_id"])

    async def _topic(self, saved: Saved[Messaging], thread: _Thread, incoming: IncomingMail) -> str:
        """Give on which topic it goes on where its conversation has ended, or begins."""
        if thread.conversation_id:
            try:
                return (await self.desk.find(saved, thread.conversation_id)).topic
            except OmnithreadError as error:
                if error.status is not Status.NOT_FOUND:
                    raise
        return incoming.topic or self.default_topic


def _short(text: str) -> str:
    return text.encode()[:MAX_TEXT_BYTES].decode(errors="ignore")
