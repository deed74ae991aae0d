"""Coordinates conversations: what is said, and reading it again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from libs.clock import Clock
from libs.errors import invalid_field
from libs.ids import NewId
from libs.mongo.connection import Database, Document
from libs.mongo.members import Position, get_member, page, position_at
from libs.mongo.record import Records
from libs.mongo.values import Outcome, Saved
from libs.origin import Stamp
from services.messaging import errors
from services.messaging.conversations import talking as conversations
from services.messaging.conversations.replies import Replies
from services.messaging.conversations.talking import MAX_RECENT_ENTRIES, Place, Words
from services.messaging.conversations.values import Author, Conversation, ConversationId, Entry, EntryId, Note
from services.messaging.events import Event
from services.messaging.model import Change
from services.messaging.store import (
    CONVERSATIONS,
    ENTRIES,
    NOTES,
    conversation_from_document,
    entry_from_document,
    note_from_document,
)
from services.messaging.values import DeliveryKind, MessageId, Messaging

MAX_JOIN_HOPS = 16
MAX_NOTES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ConversationDesk:
    """What can be done with conversations."""

    records: Records[Messaging, Event]
    database: Database
    replies: Replies
    nudge: Callable[[str], None]
    """Tells the sender of a customer with something to send."""
    clock: Clock
    new_id: NewId

    async def post(
        self,
        customer_id: str,
        place: Place,
        author: Author,
        text: str,
        *,
        stamp: Stamp,
        reply_by: DeliveryKind | None = None,
    ) -> tuple[Outcome[Messaging], Conversation]:
        """Say something, and give the conversation as it is now; the fact `entry_id` names the new entry.

        With `reply_by` it is sent too, and the fact `message_id` names the message: both are one write.
        Raises CONVERSATION_NOT_FOUND, CONVERSATION_LIMIT, and what `Replies.template` and a queue raise.
        """
        if reply_by is not None and author is Author.CUSTOMER:
            raise invalid_field("reply_by", "what the customer says is not sent to them")
        origin = stamp.origin
        words = Words(author, origin.actor_id, text, origin.channel_id, origin.channel_kind, origin.session_id)
        conversation_id, entry_id = ConversationId(self.new_id("cnv")), EntryId(self.new_id("ent"))
        message_id = MessageId(self.new_id("msg"))
        template = await self.replies.template() if reply_by is not None else None

        def decide(saved: Saved[Messaging]) -> Change:
            said = conversations.post(
                saved.state,
                place,
                words,
                now=self.clock(),
                new_conversation_id=conversation_id,
                new_entry_id=entry_id,
                occur_time=stamp.issue_time,
            )
            if template is None or reply_by is None:
                return said
            return self.replies.send(said, text, template, kind=reply_by, message_id=message_id, stamp=stamp)

        outcome = await self.records.run(customer_id, stamp, decide)
        if "message_id" in outcome.facts:
            self.nudge(outcome.saved.customer_id)
        return outcome, await self.find(outcome.saved, outcome.facts["conversation_id"])

    async def get(
        self, customer_id: str, conversation_id: str, *, position: Position | None, limit: int
    ) -> tuple[str, Conversation, list[Entry], Position | None]:
        """Give a conversation, whose it is today, and one page of its entries, oldest first.

        Raises CONVERSATION_NOT_FOUND.
        """
        saved = await self.records.get(customer_id)
        conversation = await self.find(saved, conversation_id)
        documents, following = await self.entries(saved, conversation, position=position, limit=limit)
        return saved.customer_id, conversation, [entry_from_document(document) for document in documents], following

    async def page(
        self, saved: Saved[Messaging], *, position: Position | None, limit: int
    ) -> tuple[list[Conversation], Position | None]:
        """Give one page of conversations, newest first; what was joined into another is not named again."""
        documents, following = await page(self.database, CONVERSATIONS, saved, position=position, limit=limit)
        still_open = {conversation.conversation_id: conversation for conversation in saved.state.conversations}
        listed = [conversation_from_document(document) for document in documents]
        standing = [conversation for conversation in listed if not conversation.joined_into]
        return [still_open.get(conversation.conversation_id, conversation) for conversation in standing], following

    async def find(self, saved: Saved[Messaging], conversation_id: str) -> Conversation:
        """Find a conversation by its own id, or by that of one that was joined into it. CONVERSATION_NOT_FOUND."""
        for _ in range(MAX_JOIN_HOPS):
            found = conversations.find_open(saved.state, Place(conversation_id=conversation_id))
            if found is not None:
                return found
            document = await get_member(self.database, CONVERSATIONS, saved, conversation_id)
            if document is None:
                break
            stored = conversation_from_document(document)
            if not stored.joined_into:
                return stored
            conversation_id = stored.joined_into
        raise errors.conversation_not_found()

    async def entries(
        self, saved: Saved[Messaging], conversation: Conversation, *, position: Position | None, limit: int
    ) -> tuple[list[Document], Position | None]:
        """Give a page of entries as documents, oldest first."""
        return await self._joined_page(ENTRIES, saved, conversation, position=position, limit=limit)

    async def newest_entries(self, saved: Saved[Messaging], conversation: Conversation) -> tuple[Entry, ...]:
        """Give the newest entries, oldest of them first."""
        found, _ = await self._joined_page(ENTRIES, saved, conversation, limit=MAX_RECENT_ENTRIES, newest_first=True)
        return tuple(entry_from_document(document) for document in reversed(found))

    async def newest_notes(self, saved: Saved[Messaging], conversation: Conversation) -> list[Note]:
        """Give the newest notes, oldest of them first; at most 50."""
        found, _ = await self._joined_page(NOTES, saved, conversation, limit=MAX_NOTES_SHOWN, newest_first=True)
        return [note_from_document(document) for document in reversed(found)]

    async def _joined_page(
        self,
        collection: str,
        saved: Saved[Messaging],
        conversation: Conversation,
        *,
        position: Position | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> tuple[list[Document], Position | None]:
        """Give a page out of those of all conversations that were joined: one query for each."""
        pages = await asyncio.gather(
            *(
                page(
                    self.database,
                    collection,
                    saved,
                    match={"conversation_id": conversation_id},
                    newest_first=newest_first,
                    position=position,
                    limit=limit,
                )
                for conversation_id in conversation.ids
            )
        )
        found: list[Document] = [document for documents, _ in pages for document in documents]
        found.sort(key=lambda document: (document["sort_time"], document["_id"]), reverse=newest_first)
        listed = found[:limit]
        is_more = len(found) > limit or any(following for _, following in pages)
        following = position_at(listed[-1]["sort_time"], listed[-1]["_id"]) if listed and is_more else None
        return listed, following
