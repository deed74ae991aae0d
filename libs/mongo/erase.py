"""Erasing what a service holds about a customer, and about everybody who was merged into them.

In this order, each step found done when the whole is repeated after a crash at any point:

1. every record becomes a tombstone (`libs.mongo.tombstones`): nothing new comes;
2. list members that are still on their way are put into their collections, so that what has to stay of them stays;
3. what is there is counted, once, for the receipt on the customer's own tombstone;
4. all events but the last are deleted; lists are deleted, or changed where something has to stay;
5. the receipt gets its time.

Asked again, it cleans again and gives the first receipt: what a slow writer put into a list afterwards goes, too.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.holdings import Holdings, Kept, collections_of, erased_matches_of
from libs.mongo.record import Records
from libs.mongo.relay_store import RelayStore, WriteRefused
from libs.mongo.requests import milliseconds
from libs.mongo.shapes import CURSORS, EVENTS, RECORDS, ErasureNote
from libs.mongo.tombstones import MayErase
from libs.mongo.values import Event, Saved, State
from libs.origin import Origin
from libs.timestamps import to_timestamp
from omnithread.common.v1 import privacy_pb2

BATCH = 100
STAYING_FIELDS = ("_id", "customer_id", "revision", "sort_time")
"""Of every kept document that has them: what it is found by."""
WHY_TOMBSTONES = "a mark that this id was erased, so that nothing is kept for it again"
WHY_LAST_EVENT = "the announcement that the customer was erased"


async def _nothing(_customer_ids: Sequence[str]) -> None:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser(Generic[State, Event]):
    """Forgets customers of one service."""

    records: Records[State, Event]
    database: Database
    holdings: Holdings
    event: Callable[[str, datetime], Event]
    """Makes the last event of a customer from the erasure's id and the time."""
    clock: Clock
    before_lists: Callable[[Sequence[str]], Awaitable[None]] = field(default=_nothing)
    """What has to be saved of the lists of these customers before they go. Safe to repeat."""

    async def erase(
        self,
        customer_ids: Sequence[str],
        *,
        erasure_id: str,
        origin: Origin,
        may_erase: MayErase[State] | None = None,
    ) -> privacy_pb2.AreaErasure:
        """Forget a customer, the first of the ids, and those merged into them; give the receipt, the first one.

        Without `may_erase`, raises CONFLICT where this service knows of merges that profile does not: an undoing of
        one is still on its way here. Raises as changes of records do.
        """
        check = may_erase or only_merged_among(customer_ids)
        for customer_id in customer_ids:
            event = self.event(erasure_id, self.clock())
            await self.records.entomb(customer_id, erasure_id=erasure_id, event=event, origin=origin, may_erase=check)
        await self._bring_members_home(customer_ids)
        collections = await collections_of(self.database, self.holdings)
        await self._note_counts(customer_ids, collections)
        await self.before_lists(customer_ids)
        await self._delete_events(customer_ids)
        for collection in collections:
            await self._clean(collection, customer_ids, erasure_id)
        return await self._receipt(customer_ids[0])

    async def _bring_members_home(self, customer_ids: Sequence[str]) -> None:
        """Do what the relay is about to. What MongoDB will not take is in no list, and goes with the outbox."""
        relay = RelayStore(self.database)
        with reading(), suppress(WriteRefused):
            await relay.keep_members(await relay.load(customer_ids))

    async def _note_counts(self, customer_ids: Sequence[str], collections: Sequence[str]) -> None:
        own = {"_id": customer_ids[0]}
        with reading():
            if await self.database[RECORDS].find_one({**own, "erasure": {"$exists": True}}, {"_id": 1}):
                return
        rows = [row for name in collections if (row := await self._row(name, customer_ids)) is not None]
        with reading():
            await self.database[RECORDS].update_one(
                {**own, "erasure": {"$exists": False}}, {"$set": {"erasure": {"collections": rows}}}
            )

    async def _row(self, name: str, customer_ids: Sequence[str]) -> Document | None:
        if name == EVENTS:
            erased = await self._count_events(customer_ids)
            return _row(name, erased=erased, kept=len(customer_ids), why=WHY_LAST_EVENT)
        found = 0
        with reading():
            for match in erased_matches_of(name, customer_ids):
                found += await self.database[name].count_documents(match)
        if not found:
            return None
        kept = self.holdings.kept_of(name)
        if name == RECORDS:
            return _row(name, erased=0, kept=found, why=WHY_TOMBSTONES)
        if kept is not None:
            return _row(name, erased=0, kept=found, why=kept.why)
        return _row(name, erased=found, kept=0, why="")

    async def _clean(self, name: str, customer_ids: Sequence[str], erasure_id: str) -> None:
        kept = self.holdings.kept_of(name)
        if kept is not None and name != CURSORS:
            await self._take_person_out(kept, customer_ids, erasure_id)
        elif kept is None and name not in {RECORDS, EVENTS}:
            with reading():
                for match in erased_matches_of(name, customer_ids):
                    await self.database[name].delete_many(match)

    async def _count_events(self, customer_ids: Sequence[str]) -> int:
        count = 0
        for match in [await self._before_the_last(customer_id) for customer_id in customer_ids]:
            with reading():
                count += await self.database[EVENTS].count_documents(match)
        return count

    async def _delete_events(self, customer_ids: Sequence[str]) -> None:
        """Without a new version of the records: like the relay, it takes entries out of the outbox by `seq`.

        Who reads the events finds the gap, and the last one at the owner.
        """
        for match in [await self._before_the_last(customer_id) for customer_id in customer_ids]:
            with reading():
                own = {"_id": match["customer_id"]}
                await self.database[RECORDS].update_one(own, {"$pull": {"outbox": {"seq": match["seq"]}}})
                await self.database[EVENTS].delete_many(match)

    async def _before_the_last(self, customer_id: str) -> Document:
        tombstone = await self.records.get_exact(customer_id)
        return {"customer_id": customer_id, "seq": {"$lt": tombstone.seq}}

    async def _take_person_out(self, kept: Kept, customer_ids: Sequence[str], erasure_id: str) -> None:
        """Batch after batch; what is done is marked, and not looked at again."""
        collection = self.database[kept.collection]
        to_do = {"customer_id": {"$in": list(customer_ids)}, "erased": {"$exists": False}}
        while True:
            with reading():
                documents = await collection.find(to_do).limit(BATCH).to_list(BATCH)
                for document in documents:
                    same = {name: document[name] for name in STAYING_FIELDS if name in document}
                    stays = {**kept.without_person(document), **same, "erased": erasure_id}
                    await collection.replace_one({"_id": document["_id"], **to_do}, stays)
            if len(documents) < BATCH:
                return

    async def _receipt(self, customer_id: str) -> privacy_pb2.AreaErasure:
        now = milliseconds(self.clock())
        with reading():
            records = self.database[RECORDS]
            not_yet = {"_id": customer_id, "erasure.erase_time": {"$exists": False}}
            await records.update_one(not_yet, {"$set": {"erasure.erase_time": now}})
            record = await records.find_one({"_id": customer_id}, {"erasure": 1})
        if record is None:
            raise LookupError("a tombstone is gone")
        note: ErasureNote = record["erasure"]
        return privacy_pb2.AreaErasure(
            area=self.holdings.area,
            collections=[privacy_pb2.ErasedCollection(**row) for row in note["collections"]],
            erase_time=to_timestamp(note.get("erase_time", now)),
        )


def only_merged_among(customer_ids: Sequence[str]) -> MayErase[State]:
    """Give the check that a record was merged with these customers only. It raises CONFLICT."""
    known = frozenset(customer_ids)

    def check(saved: Saved[State]) -> None:
        if not known.issuperset(saved.lineage) or (saved.merged_into and saved.merged_into not in known):
            raise conflict()

    return check


def _row(collection: str, *, erased: int, kept: int, why: str) -> Document:
    return {"collection": collection, "erased_count": erased, "pseudonymised_count": kept, "why_kept": why}
