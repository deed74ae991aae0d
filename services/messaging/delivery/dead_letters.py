"""What could not be sent: listed, read, and tried again by a person."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.errors import conflict
from libs.ids import derived_id
from libs.mongo import members
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline
from libs.mongo.members import Position, get_member, position_at
from libs.mongo.places import read_in_order
from libs.mongo.record import Records
from libs.mongo.values import Saved
from libs.origin import Stamp
from libs.timestamps import EPOCH
from services.messaging import model
from services.messaging.delivery import errors
from services.messaging.events import Event
from services.messaging.model import Change, Overtaken
from services.messaging.store import DEAD_LETTERS, dead_letter_from_document
from services.messaging.values import Content, DeadLetter, Message, MessageId, MessageState, Messaging

MOST_TRIES = 12


@dataclass(frozen=True, slots=True)
class DeadLetterDesk:
    """Reads and replays dead letters."""

    records: Records[Messaging, Event]
    database: Database
    nudge: Callable[[str], None]
    lifetime: timedelta
    """How long a message may wait."""
    clock: Clock

    async def page(
        self, customer_id: str, *, position: Position | None, limit: int
    ) -> tuple[list[tuple[str, DeadLetter]], Position | None]:
        """Give one page with whose they are, the newest first, of one customer or (empty) of all. An indexed query."""
        if customer_id:
            saved = await self.records.get(customer_id)
            found, following = await members.page(self.database, DEAD_LETTERS, saved, position=position, limit=limit)
            return [(saved.customer_id, dead_letter_from_document(document)) for document in found], following
        documents = await self._of_all(position, limit + 1)
        listed = [(document["customer_id"], dead_letter_from_document(document)) for document in documents[:limit]]
        last = documents[limit - 1] if len(documents) > limit else None
        return listed, position_at(last["sort_time"], last["_id"]) if last else None

    async def get(self, customer_id: str, message_id: str) -> tuple[str, DeadLetter]:
        """Give one, and whose it is today. Raises DEAD_LETTER_NOT_FOUND."""
        saved = await self.records.get(customer_id)
        return saved.customer_id, await self._read(saved, message_id)

    async def replay(self, customer_id: str, message_id: str, *, stamp: Stamp) -> tuple[str, DeadLetter, bool]:
        """Queue it again as a new message, which is judged as any other; False where this call did it.

        Its id follows from the old one's, so that whoever asks how often gets the same one message.
        Raises DEAD_LETTER_NOT_FOUND, QUEUE_FULL.
        """
        for _ in range(MOST_TRIES):
            seen = await self.records.get(customer_id)
            letter = await self._read(seen, message_id)
            if letter.replayed_as:
                return seen.customer_id, letter, True
            now = self.clock()
            message = again(letter.message, now=now, lifetime=self.lifetime)
            replayed = replace(letter, replay_time=now, replayed_as=message.message_id, revision=letter.revision + 1)
            try:
                outcome = await self.records.run(customer_id, stamp, _queue(seen, message, replayed))
            except Overtaken:
                continue
            self.nudge(outcome.saved.customer_id)
            return outcome.saved.customer_id, replayed, outcome.replayed
        raise conflict()

    async def _read(self, saved: Saved[Messaging], message_id: str) -> DeadLetter:
        document = await get_member(self.database, DEAD_LETTERS, saved, message_id)
        if document is None:
            raise errors.dead_letter_not_found()
        return dead_letter_from_document(document)

    async def _of_all(self, position: Position | None, limit: int) -> list[Document]:
        after = None
        if position is not None:
            after = EPOCH + timedelta(milliseconds=int(position["sort_time"])), str(position["_id"])
        return await read_in_order(
            self.database[DEAD_LETTERS],
            {},
            field="sort_time",
            after=after,
            newest_first=True,
            limit=limit,
            deadline=Deadline(),
        )


def again(failed: Message, *, now: datetime, lifetime: timedelta) -> Message:
    """Give a new message that says the same, as if it had been caused now. Pure."""
    return replace(
        failed,
        message_id=MessageId(derived_id("msg", "replay", failed.message_id)),
        state=MessageState.QUEUED,
        state_reason="",
        create_time=now,
        update_time=now,
        due_time=now,
        expire_time=now + lifetime,
        delivery_kind=None,
        subject="",
        send_time=None,
        claim_id="",
        attempts=0,
        tries=0,
        revision=1,
        judgements=(),
        provider_id="",
        provider_ref="",
        address_digest="",
        is_unsure=False,
        receipts=(),
    )


def _queue(seen: Saved[Messaging], message: Message, replayed: DeadLetter) -> Callable[[Saved[Messaging]], Change]:
    def decide(now: Saved[Messaging]) -> Change:
        if (now.customer_id, now.version) != (seen.customer_id, seen.version):
            raise Overtaken
        return model.queue(now.state, message, Content(variables=replayed.variables), replayed=replayed)

    return decide
