"""Remembers hand-overs: one document each, written once and then only used, revoked, and gone 30 days after its end."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from libs.errors import conflict
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from services.cart import errors
from services.cart.handover.values import (
    Handover,
    Use,
    handover_from_document,
    handover_to_document,
    uses_to_fields,
)

HANDOVERS = "handovers"
MAX_TRIES = 12
INDEXES = (
    Index(HANDOVERS, (("customer_id", 1), ("expire_time", 1))),
    Index(HANDOVERS, (("purge_time", 1),), expire_after_seconds=0),
)


class HandoverStore:
    """All hand-overs."""

    def __init__(self, database: Database) -> None:
        self._collection = database[HANDOVERS]

    async def find(self, handover_id: str) -> Handover | None:
        """Give one by its id. One read."""
        with reading():
            document = await self._collection.find_one({"_id": handover_id})
        return handover_from_document(document) if document else None

    async def count_working(self, customer_ids: Sequence[str], now: datetime, *, most: int) -> int:
        """Count those of these customers that still work, up to `most`. One indexed query."""
        working = {"customer_id": {"$in": list(customer_ids)}, "expire_time": {"$gt": now}, "revoked": False}
        with reading():
            return await self._collection.count_documents(working, limit=most)

    async def insert(self, handover: Handover) -> bool:
        """Keep a new one; False where it is there already."""
        return await insert_once(self._collection, handover_to_document(handover))

    async def use(self, handover: Handover, use: Use) -> Handover:
        """Note that a visit goes on with it; the same request again changes nothing.

        Of two visits that come with one for single use at the same moment one wins.
        Raises HANDOVER_EXPIRED, HANDOVER_USED, and CONFLICT after losing to others too often.
        """
        found: Handover | None = handover
        for _ in range(MAX_TRIES):
            if found is None:
                raise errors.handover_invalid()
            if found.was_used_by(use.request):
                return found
            if not found.works_at(use.time):
                raise errors.handover_expired()
            if found.single_use and found.uses:
                raise errors.handover_used()
            after = replace(found, uses=(*found.uses, use), revision=found.revision + 1)
            fields = {"uses": uses_to_fields(after.uses), "revision": after.revision}
            with reading():
                result = await self._collection.update_one(
                    {"_id": found.handover_id, "revision": found.revision}, {"$set": fields}
                )
            if result.matched_count:
                return after
            found = await self.find(handover.handover_id)
        raise conflict()

    async def revoke(self, handover_id: str, customer_ids: Sequence[str]) -> bool:
        """Make one of these customers' useless, for ever; False where they have none with this id."""
        mine = {"_id": handover_id, "customer_id": {"$in": list(customer_ids)}}
        with reading():
            result = await self._collection.update_one(mine, {"$set": {"revoked": True}, "$inc": {"revision": 1}})
        return bool(result.matched_count)
