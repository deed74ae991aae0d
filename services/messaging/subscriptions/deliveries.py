"""The events on their way: what is due, who has it, what became of it. Several replicas share them by leases."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from libs.mongo.connection import Collection, Database, Document
from libs.mongo.deadline import reading
from libs.mongo.once import insert_all_once
from services.messaging.subscriptions.store import DELIVERIES, delivery_from_document
from services.messaging.subscriptions.values import Delivery, DeliveryState

OVERTAKEN_AFTER = 5
"""Tries after which later events of the same customer wait no more for one that fails."""
LONGEST_HOLD = timedelta(minutes=5)
SHORTEST_HOLD = timedelta(seconds=30)
"""After it a held one looks again by itself: only where a worker died between ending the earlier and letting it go."""
WAITING = str(DeliveryState.WAITING)


@dataclass(frozen=True, slots=True)
class Tried:
    """How one try ended."""

    outcome: str
    status: int
    time: datetime

    def fields(self) -> Document:
        """Write it."""
        return {"last_outcome": self.outcome, "last_status": self.status, "last_try_time": self.time}


@dataclass(frozen=True, slots=True)
class Chosen:
    """One that is to be posted again."""

    record_time: datetime
    delivery_id: str


class Deliveries:
    """All deliveries. Raises DEPENDENCY_UNAVAILABLE where MongoDB does not answer."""

    def __init__(self, database: Database) -> None:
        self._all: Collection = database[DELIVERIES]

    async def add(self, documents: Sequence[Document]) -> None:
        """Add those that are not there yet: an event that is heard twice is posted for once."""
        await insert_all_once(self._all, documents)

    async def due(self, hook_id: str, *, now: datetime, limit: int) -> list[Delivery]:
        """Give what is due for one receiver, longest due first. One query."""
        match = {"hook_id": hook_id, "state": WAITING, "due_time": {"$lte": now}}
        with reading():
            found = await self._all.find(match).sort("due_time", 1).limit(limit).to_list(limit)
        return [delivery_from_document(document) for document in found]

    async def is_held(self, delivery: Delivery, *, now: datetime) -> bool:
        """Whether it has to wait for an earlier event of the same customer and area; if so, it is put off.

        One query where it has not, at most three where it has. Whoever ends the earlier one lets it go.
        """
        earlier = await self._earlier(delivery)
        if earlier is None:
            return False
        until = max(now + SHORTEST_HOLD, min(earlier["due_time"], now + LONGEST_HOLD))
        same = {"_id": delivery.delivery_id, "state": WAITING, "due_time": delivery.due_time}
        with reading():
            await self._all.update_one(same, {"$set": {"due_time": until, "is_held": True}})
        if await self._earlier(delivery) is None:  # it ended just before this one was marked
            with reading():
                await self._all.update_one(
                    {"_id": delivery.delivery_id, "is_held": True}, {"$set": {"due_time": now, "is_held": False}}
                )
        return True

    async def claim(self, delivery: Delivery, lease: str, *, until: datetime) -> bool:
        """Take it for a try, unless somebody else has it. Who does not note an end in time loses it again."""
        same = {"_id": delivery.delivery_id, "state": WAITING, "due_time": delivery.due_time}
        change = {"$set": {"due_time": until, "lease": lease, "is_held": False}, "$inc": {"tries": 1}}
        with reading():
            return (await self._all.update_one(same, change)).modified_count == 1

    async def put_off(self, delivery: Delivery, lease: str, tried: Tried, *, until: datetime) -> None:
        """Let it wait for another try."""
        change = {"$set": {**tried.fields(), "due_time": until, "lease": ""}}
        with reading():
            await self._all.update_one({"_id": delivery.delivery_id, "lease": lease}, change)
        if delivery.tries + 1 >= OVERTAKEN_AFTER:
            await self._let_go(delivery, tried.time)

    async def end(self, delivery: Delivery, lease: str, tried: Tried, state: DeliveryState) -> None:
        """Note what became of it, and let those go that waited for it."""
        change: Document = {
            "$set": {**tried.fields(), "state": str(state), "lease": ""},
            "$unset": {"due_time": ""},
        }
        with reading():
            await self._all.update_one({"_id": delivery.delivery_id, "lease": lease}, change)
        await self._let_go(delivery, tried.time)

    async def find(self, hook_id: str, delivery_id: str) -> Delivery | None:
        """Give one of a subscription's."""
        with reading():
            found = await self._all.find_one({"_id": delivery_id, "hook_id": hook_id})
        return delivery_from_document(found) if found else None

    async def page(
        self, hook_id: str, *, state: DeliveryState | None, before: tuple[datetime, str] | None, limit: int
    ) -> list[Delivery]:
        """Give at most `limit`, newest event first, from behind a place on. One indexed query."""
        match: dict[str, Any] = {"hook_id": hook_id, **({"state": str(state)} if state else {})}
        if before is not None:
            time, delivery_id = before
            match["$or"] = [{"record_time": {"$lt": time}}, {"record_time": time, "_id": {"$lt": delivery_id}}]
            match["record_time"] = {"$lte": time}
        with reading():
            cursor = self._all.find(match).sort([("record_time", -1), ("_id", -1)])
            found = await cursor.limit(limit).to_list(limit)
        return [delivery_from_document(document) for document in found]

    async def since(
        self, hook_id: str, time: datetime, *, only_dead: bool, before: datetime, limit: int
    ) -> list[Chosen]:
        """Give what was committed at or after a time, oldest first, as far as it was so before another time.

        What was laid out or set waiting later is left out, and what died later is not dead. One indexed query.
        """
        match: dict[str, Any] = {
            "hook_id": hook_id,
            "record_time": {"$gte": time},
            "start_time": {"$lte": before},
        }
        if only_dead:
            match |= {"state": str(DeliveryState.DEAD), "last_try_time": {"$lte": before}}
        with reading():
            cursor = self._all.find(match, {"record_time": 1}).sort([("record_time", 1), ("_id", 1)])
            found = await cursor.limit(limit).to_list(limit)
        return [Chosen(document["record_time"], document["_id"]) for document in found]

    async def replay(self, delivery_ids: Sequence[str], *, request_id: str, turn: int, now: datetime) -> None:
        """Let these wait to be posted once more, but for those that this or a later turn has set waiting already."""
        match = {
            "_id": {"$in": list(delivery_ids)},
            "replay_turn": {"$not": {"$gte": turn}},
            "replayed_by": {"$ne": request_id},  # as replicas of the last release know it
        }
        fresh: Document = {"state": WAITING, "due_time": now, "start_time": now, "tries": 0, "lease": ""}
        with reading():
            change = {"$set": {**fresh, "is_held": False, "replayed_by": request_id, "replay_turn": turn}}
            await self._all.update_many(match, change)

    async def _earlier(self, delivery: Delivery) -> Document | None:
        match = {
            "hook_id": delivery.hook_id,
            "customer_id": delivery.customer_id,
            "area": delivery.area,
            "state": WAITING,
            "seq": {"$lt": delivery.seq},
            "tries": {"$lt": OVERTAKEN_AFTER},
        }
        with reading():
            return await self._all.find_one(match, {"due_time": 1})

    async def _let_go(self, delivery: Delivery, now: datetime) -> None:
        """Let the next one that is held go; those behind it follow when it ends."""
        waiting = {
            "hook_id": delivery.hook_id,
            "customer_id": delivery.customer_id,
            "area": delivery.area,
            "state": WAITING,
            "seq": {"$gt": delivery.seq},
            "is_held": True,
        }
        with reading():
            following = await self._all.find_one(waiting, {"_id": 1}, sort=[("seq", 1)])
            if following is not None:
                same = {"_id": following["_id"], "is_held": True}
                await self._all.update_one(same, {"$set": {"due_time": now, "is_held": False}})
