"""Reads the queues of those who look after conversations, over all customers.

The list of conversations tells who may stand in a queue, and is a moment behind; the records say who does. So a page
may have fewer than asked for, and never one that somebody else has taken.
"""

import enum
from dataclasses import dataclass, replace
from datetime import timedelta

from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline
from libs.mongo.members import Position
from libs.mongo.places import Place as ListPlace
from libs.mongo.places import read_in_order
from libs.mongo.record import Records
from libs.origin import Origin
from libs.timestamps import EPOCH
from services.messaging.conversations.looking_after import check_staff
from services.messaging.conversations.talking import Place, find_open
from services.messaging.conversations.values import Assignee, Conversation
from services.messaging.events import Event
from services.messaging.store import ASSIGN_TIME, CONVERSATIONS, QUEUE, WAITING_SINCE, queue_of
from services.messaging.values import Messaging


class QueueOrder(enum.Enum):
    """What comes first."""

    LONGEST_WAITING = enum.auto()
    """Those in which the customer waits, the longest first, and no others."""
    NEWEST = enum.auto()
    """Those assigned, or begun, last."""


@dataclass(frozen=True, slots=True)
class InQueue:
    """One conversation in a queue."""

    customer_id: str
    conversation: Conversation
    """With its newest entry and no others."""


@dataclass(frozen=True, slots=True)
class Queues:
    """All queues."""

    records: Records[Messaging, Event]
    database: Database

    async def page(
        self, assignee: Assignee | None, order: QueueOrder, *, by: Origin, position: Position | None, limit: int
    ) -> tuple[list[InQueue], Position | None]:
        """Give one page of a queue; None is that of conversations that nobody looks after. ACTOR_REQUIRED.

        One indexed query, two for a later page, and one for the records.
        """
        check_staff(by)
        is_waiting = order is QueueOrder.LONGEST_WAITING
        field = WAITING_SINCE if is_waiting else ASSIGN_TIME
        after: ListPlace | None = None
        if position is not None:
            after = EPOCH + timedelta(milliseconds=int(position["time"])), str(position["_id"])
        queue = queue_of(assignee)
        documents = await read_in_order(
            self.database[CONVERSATIONS],
            {QUEUE: queue, field: {"$gt": EPOCH}},
            field=field,
            after=after,
            newest_first=not is_waiting,
            limit=limit + 1,
            deadline=Deadline(),
            projection={"customer_id": 1, field: 1},
        )
        listed = documents[:limit]
        following: Position | None = None
        if len(documents) > limit:
            time = (listed[-1][field] - EPOCH) // timedelta(milliseconds=1)
            following = {"time": time, "_id": listed[-1]["_id"]}
        return await self._as_committed(listed, queue, is_waiting=is_waiting), following

    async def _as_committed(self, listed: list[Document], queue: str, *, is_waiting: bool) -> list[InQueue]:
        records = await self.records.get_many({document["customer_id"] for document in listed})
        found: dict[str, InQueue] = {}
        for document in listed:
            saved = records.get(document["customer_id"])
            conversation = find_open(saved.state, Place(conversation_id=document["_id"])) if saved else None
            if saved is None or conversation is None or queue_of(conversation.assignee) != queue:
                continue
            if is_waiting and conversation.waiting_since is None:
                continue
            brief = replace(conversation, recent_entries=conversation.recent_entries[-1:])
            found.setdefault(conversation.conversation_id, InQueue(saved.customer_id, brief))
        return list(found.values())
