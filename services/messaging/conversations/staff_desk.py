"""Coordinates what staff and bots do with conversations beside speaking in them."""

from dataclasses import dataclass, replace

from libs.clock import Clock
from libs.errors import conflict
from libs.ids import NewId
from libs.mongo.connection import Document
from libs.mongo.members import Position
from libs.mongo.record import Records
from libs.mongo.values import Outcome, Saved
from libs.origin import Origin, Stamp
from services.messaging.conversations import looking_after
from services.messaging.conversations.desk import ConversationDesk
from services.messaging.conversations.talking import Place, find_open
from services.messaging.conversations.values import Assignee, Conversation, Note, NoteId, Side
from services.messaging.events import Event
from services.messaging.model import Change, Overtaken
from services.messaging.values import Messaging

MAX_REOPEN_TRIES = 5


@dataclass(frozen=True, slots=True)
class StaffDesk:
    """Who looks after what, notes, what is read, and ends. All raise CONVERSATION_NOT_FOUND and ACTOR_REQUIRED."""

    records: Records[Messaging, Event]
    desk: ConversationDesk
    clock: Clock
    new_id: NewId

    async def assign(
        self, customer_id: str, conversation_id: str, assignee: Assignee | None, *, only_if_free: bool, stamp: Stamp
    ) -> tuple[Outcome[Messaging], Conversation]:
        """Give a conversation to somebody, or to nobody. Raises CONVERSATION_ASSIGNED."""

        def decide(saved: Saved[Messaging]) -> Change:
            return looking_after.assign(
                saved.state, conversation_id, assignee, by=stamp.origin, only_if_free=only_if_free, now=self.clock()
            )

        return await self._with_conversation(await self.records.run(customer_id, stamp, decide))

    async def hand_over(
        self, customer_id: str, conversation_id: str, assignee: Assignee, text: str, *, stamp: Stamp
    ) -> tuple[Outcome[Messaging], Conversation]:
        """Give it to the next with a note, which the fact `note_id` names. Raises CONVERSATION_LIMIT."""
        note_id = NoteId(self.new_id("nte"))

        def decide(saved: Saved[Messaging]) -> Change:
            return looking_after.hand_over(
                saved.state, conversation_id, assignee, text, by=stamp.origin, new_note_id=note_id, now=self.clock()
            )

        return await self._with_conversation(await self.records.run(customer_id, stamp, decide))

    async def add_note(self, customer_id: str, conversation_id: str, text: str, *, stamp: Stamp) -> Outcome[Messaging]:
        """Note something; the fact `note_id` names it. Raises CONVERSATION_LIMIT."""
        note_id = NoteId(self.new_id("nte"))

        def decide(saved: Saved[Messaging]) -> Change:
            return looking_after.add_note(
                saved.state, conversation_id, text, by=stamp.origin, new_note_id=note_id, now=self.clock()
            )

        return await self.records.run(customer_id, stamp, decide)

    async def mark_read(
        self, customer_id: str, conversation_id: str, side: Side, *, entry_id: str, stamp: Stamp
    ) -> tuple[Outcome[Messaging], Conversation]:
        """Say that a side has read all that was said, or all up to an entry."""

        def decide(saved: Saved[Messaging]) -> Change:
            return looking_after.mark_read(saved.state, conversation_id, side, by=stamp.origin, entry_id=entry_id)

        return await self._with_conversation(await self.records.run(customer_id, stamp, decide))

    async def close(
        self, customer_id: str, conversation_id: str, *, stamp: Stamp
    ) -> tuple[Outcome[Messaging], Conversation]:
        """End a conversation."""

        def decide(saved: Saved[Messaging]) -> Change:
            return looking_after.close(saved.state, conversation_id, by=stamp.origin)

        return await self._with_conversation(await self.records.run(customer_id, stamp, decide))

    async def reopen(
        self, customer_id: str, conversation_id: str, *, stamp: Stamp
    ) -> tuple[Outcome[Messaging], Conversation]:
        """Let one go on that had ended. Raises TOPIC_OPEN, CONVERSATION_LIMIT, CONFLICT."""
        looking_after.check_staff(stamp.origin)
        for _ in range(MAX_REOPEN_TRIES):
            known = await self.records.get(customer_id)
            ended = await self.desk.find(known, conversation_id)
            if find_open(known.state, Place(conversation_id=ended.conversation_id)) is None:
                ended = replace(ended, recent_entries=await self.desk.newest_entries(known, ended))

            def decide(saved: Saved[Messaging], known: Saved[Messaging] = known, ended: Conversation = ended) -> Change:
                if (saved.customer_id, saved.version) != (known.customer_id, known.version):
                    raise Overtaken  # it may have been opened and ended again, and have more in it
                return looking_after.reopen(saved.state, ended, by=stamp.origin)

            try:
                return await self._with_conversation(await self.records.run(customer_id, stamp, decide))
            except Overtaken:
                continue
        raise conflict()

    async def look(
        self, customer_id: str, conversation_id: str, *, by: Origin, position: Position | None, limit: int
    ) -> tuple[str, Conversation, list[Note], list[Document], Position | None]:
        """Give a conversation, whose it is today, its newest notes, and a page of entries as they are kept."""
        looking_after.check_staff(by)
        saved = await self.records.get(customer_id)
        conversation = await self.desk.find(saved, conversation_id)
        notes = await self.desk.newest_notes(saved, conversation)
        documents, following = await self.desk.entries(saved, conversation, position=position, limit=limit)
        return saved.customer_id, conversation, notes, documents, following

    async def _with_conversation(self, outcome: Outcome[Messaging]) -> tuple[Outcome[Messaging], Conversation]:
        return outcome, await self.desk.find(outcome.saved, outcome.facts["conversation_id"])
