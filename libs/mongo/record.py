"""The records of a service: one document per customer, the unit of commit.

A record holds the state and its version, the requests that were carried out, and the events and list members still to
be relayed, and so commits them together.
"""

import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic

from pymongo import UpdateOne

from libs.clock import Clock
from libs.errors import merge_outcome_not_found
from libs.ids import NewId
from libs.mongo import history
from libs.mongo.absorb import Absorber, DecideMerge, MaySeal
from libs.mongo.connection import Database
from libs.mongo.deadline import Deadline, reading
from libs.mongo.loop import WriteLoop
from libs.mongo.merge_reports import MergeReport, find_report
from libs.mongo.metrics import WriteMetrics
from libs.mongo.reader import STATE_AND_MEMBERS, RecordReader
from libs.mongo.record_versions import RecordVersions
from libs.mongo.release import DecideParting, MemberMove, Released, Releaser
from libs.mongo.shapes import RECORDS
from libs.mongo.tombstones import MayErase, Tombstones
from libs.mongo.values import Decision as Decision
from libs.mongo.values import Event, HeadRow, State
from libs.mongo.values import Member as Member
from libs.mongo.values import Outcome as Outcome
from libs.mongo.values import RecordShape as RecordShape
from libs.mongo.values import Saved as Saved
from libs.mongo.writer import Decide, RecordWriter
from libs.origin import Origin, Stamp
from libs.timestamps import EPOCH
from omnithread.common.v1 import event_pb2

SCAN_BATCH = 50
MOST_SCAN_SECONDS = 30.0


class Records(Generic[State, Event]):
    """All records of one service.

    `admit` is asked before the first write for an unknown customer id and gives the customer who remains of it;
    None takes every id. `on_saved` is told whose record has something to relay, and must not raise.
    """

    def __init__(
        self,
        *,
        database: Database,
        shape: RecordShape[State, Event],
        clock: Clock,
        new_id: NewId,
        epoch: str,
        admit: Callable[[str], Awaitable[str]] | None,
        on_saved: Callable[[str], None],
        random: random.Random,
        metrics: WriteMetrics | None = None,
    ) -> None:
        self._database = database
        self._shape = shape
        self._epoch = epoch
        self._reader = RecordReader(database=database, shape=shape, epoch=epoch)
        loop = WriteLoop(
            collection=database[RECORDS], random=random, metrics=metrics.of(RECORDS) if metrics is not None else None
        )
        versions = RecordVersions(shape=shape, clock=clock, new_id=new_id, epoch=epoch)
        self._writer = RecordWriter(
            loop=loop, reader=self._reader, versions=versions, clock=clock, admit=admit, on_saved=on_saved
        )
        self._tombstones = Tombstones(loop=loop, reader=self._reader, versions=versions, on_saved=on_saved)
        self._absorber = Absorber(
            records=database[RECORDS], loop=loop, reader=self._reader, versions=versions, on_saved=on_saved
        )
        self._releaser = Releaser(
            database=database,
            shape=shape,
            loop=loop,
            reader=self._reader,
            versions=versions,
            clock=clock,
            on_saved=on_saved,
        )

    @property
    def epoch(self) -> str:
        """The epoch of this database, as the process found it when it started."""
        return self._epoch

    async def get(self, customer_id: str) -> Saved[State]:
        """Read the record of the customer who remains of `customer_id`. One read, and one more per merge.

        Raises CUSTOMER_NOT_FOUND where that customer was forgotten.
        """
        return await self._reader.get(customer_id)

    async def get_exact(self, customer_id: str) -> Saved[State]:
        """Read this very record, sealed or not, be it a tombstone. One read."""
        return await self._reader.get_exact(customer_id)

    async def standing(self, customer_id: str) -> Saved[State]:
        """Read the record of the customer who remains of `customer_id`, be it a tombstone. Reads as `get` does."""
        return await self._reader.standing(customer_id)

    async def request_ids(self, customer_ids: Sequence[str], deadline: Deadline | None = None) -> list[str]:
        """Give the ids of the requests that these very records remember, at most 128 of each. One query."""
        with reading(deadline):
            cursor = self._database[RECORDS].find({"_id": {"$in": list(customer_ids)}}, {"requests.id": 1})
            return [entry["id"] for record in await cursor.to_list(None) for entry in record.get("requests", ())]

    async def get_many(self, customer_ids: Iterable[str]) -> dict[str, Saved[State]]:
        """Read those that exist of at most 1000, keyed by the id asked for. One query, and one more per merge hop."""
        return await self._reader.get_many(customer_ids)

    async def run(self, customer_id: str, stamp: Stamp, decide: Decide[State, Event]) -> Outcome[State]:
        """Carry out a command once: a retry is answered with the same facts and the state as it is now.

        `decide` is pure and synchronous; it may be called again on a newer state, and may raise a refusal, of which
        nothing is kept. A decision is always written, one that changed nothing too. One read and one write.
        Raises REQUEST_ID_REUSED, CLOCK_SKEW, REQUEST_TOO_OLD, OUTBOX_FULL (64 events), RECORD_TOO_LARGE (256 KB),
        CUSTOMER_ERASED, CONFLICT, OUTCOME_UNKNOWN, DEPENDENCY_UNAVAILABLE, DEADLINE_EXCEEDED, and what `admit` and
        `decide` raise.
        """
        return await self._writer.run(customer_id, stamp, decide)

    async def recall(self, customer_id: str, stamp: Stamp) -> Outcome[State] | None:
        """Give what became of a request that was carried out here, or where this customer was merged into; else None.

        Reads only, one per merge. Raises REQUEST_ID_REUSED.
        """
        return await self._reader.recall(customer_id, stamp)

    async def absorb(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        origin: Origin,
        seal: Event,
        decide: DecideMerge[State, Event],
        may_seal: MaySeal[State] = lambda _source: True,
    ) -> bool:
        """Seal the source with the event `seal`, and add to the survivor what `decide` makes of both.

        Safe to repeat after a failure at any point, and beside itself; gives whether this call did the work.
        Where `may_seal` says no to the source as it would be sealed, nothing is written at all.
        A sealed record keeps its state. Two conditional writes and a mark.
        The decision's `merged` and `policy` become the report that `merge_report` gives, with the survivor as it was
        before. A merge that was undone is not absorbed again.
        Raises as `run` does, with 4 MB in place of 256 KB, since what was sealed must find room, and
        MERGE_NOT_POSSIBLE (`other_way_round`: the survivor is part of the source here; `another_merge`: the id is that
        of a merge of somebody else); nothing is written then.
        """
        return await self._absorber.absorb(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            seal=seal,
            decide=decide,
            may_seal=may_seal,
        )

    async def release(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        origin: Origin,
        parted: Event,
        released: Event,
        decide: DecideParting[State, Event],
        moves: Sequence[MemberMove] = (),
    ) -> Released[State]:
        """Undo a merge: the source's record is open again with its share, the survivor's has the rest.

        `decide` is pure and synchronous and says who gets what: it is given the survivor now, the source as it was
        sealed, and the survivor as it was before (`Joined`), and may be called again on a newer survivor. It is not
        asked where the merge was not taken over yet, or never came here: then both keep what they have.
        A merge that took over nothing exactly undoes to the two states from before it.

        `parted` is announced on the survivor, `released` on the source. `moves` name the members of long lists that
        came since the merge and belong to the source: their `customer_id` is changed after the survivor's outbox was
        emptied into the collections, and before the source is open. Members from before the merge are the source's
        already. A member that the survivor puts again later, with a higher revision, would be the survivor's again:
        what changes members must go to the customer whose they are.

        Safe to repeat after a failure at any point, and beside itself. Three conditional writes.
        Raises UNMERGE_NOT_POSSIBLE (`later_merge`: the survivor was itself merged away since, undo that first;
        `too_many`: 500 merges of one customer were undone), and as `absorb` does.
        """
        return await self._releaser.release(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            parted=parted,
            released=released,
            decide=decide,
            moves=moves,
        )

    async def merge_report(self, merge_id: str, survivor_customer_id: str) -> MergeReport[State]:
        """Say what a merge into this customer did here, undone or not. Two reads. Raises MERGE_OUTCOME_NOT_FOUND."""
        report = await self.find_merge_report(merge_id, survivor_customer_id)
        if report is None:
            raise merge_outcome_not_found(merge_id)
        return report

    async def find_merge_report(self, merge_id: str, survivor_customer_id: str) -> MergeReport[State] | None:
        """Give the same; None where there is none, for example of a merge from before there were reports."""
        saved = await self._reader.get(survivor_customer_id)
        return await find_report(self._database, self._shape, saved, merge_id)

    async def entomb(
        self,
        customer_id: str,
        *,
        erasure_id: str,
        event: Event,
        origin: Origin,
        may_erase: MayErase[State] = lambda _saved: None,
    ) -> None:
        """Leave only a tombstone of this very record, sealed or not, or of the customer who has none yet.

        Its version and event numbers go on, `event` is its last, and nothing is ever written to it again.
        Safe to repeat; the first erasure stays. `may_erase` looks at the record in the same conditional write and
        raises what is to be waited for. One conditional write. Raises as `run` does, but for the bounds.
        """
        await self._tombstones.entomb(
            customer_id, erasure_id=erasure_id, event=event, origin=origin, may_erase=may_erase
        )

    async def due(self, field: str, until: datetime, limit: int) -> list[str]:
        """Give at most `limit` customers whose records' time in `field` has come, longest due first.

        For sweeps; the service declares `due_index(field)` for it (`libs.mongo.migrate`).
        """
        with reading():
            match = {"merged_into": "", field: {"$gt": EPOCH, "$lte": until}}
            cursor = self._database[RECORDS].find(match, {"_id": 1})
            return [record["_id"] for record in await cursor.sort(field, 1).limit(limit).to_list(limit)]

    async def behind(self, field: str, number: int, limit: int) -> list[str]:
        """Give at most `limit` customers whose records have a smaller number in `field`, or none, the smallest first.

        For sweeps; the service declares `due_index(field)` for it. One indexed query, or two.
        """
        found: list[str] = []
        for condition in ({field: None}, {field: {"$lt": number}}):
            if len(found) < limit:
                with reading():
                    cursor = self._database[RECORDS].find({"merged_into": "", **condition}, {"_id": 1})
                    rest = limit - len(found)
                    found += [record["_id"] for record in await cursor.sort(field, 1).limit(rest).to_list(rest)]
        return found

    async def newest(self, limit: int) -> AsyncGenerator[Saved[State], None]:
        """Give the records of at most `limit` customers, none of them merged away, the last changed first."""
        cursor = self._database[RECORDS].find({"merged_into": ""}, STATE_AND_MEMBERS).limit(limit)
        with reading(Deadline(at_most_seconds=MOST_SCAN_SECONDS)):
            async for record in cursor.sort([("update_time", -1), ("_id", -1)]).batch_size(SCAN_BATCH):
                yield self._reader.saved(record, record["_id"])

    async def mark(self, marks: Iterable[tuple[Saved[State], Mapping[str, Any]]]) -> int:
        """Set fields that say only when to look again, without new versions, and give in how many records.

        A record that has changed since it was read is left as it is. One command for all.
        """
        updates = [
            UpdateOne({"_id": saved.customer_id, "version": saved.version, "merged_into": ""}, {"$set": dict(fields)})
            for saved, fields in marks
        ]
        if not updates:
            return 0
        with reading():
            return int((await self._database[RECORDS].bulk_write(updates, ordered=False)).matched_count)

    async def heads(
        self, updated_since: datetime, limit: int, after: tuple[datetime, str] | None = None
    ) -> list[HeadRow]:
        """Give how far events have come in records changed since a time, oldest change first. One indexed query."""
        return await history.heads(self._database, updated_since=updated_since, limit=limit, after=after)

    async def replay(self, customer_id: str, after_seq: int, limit: int) -> tuple[list[bytes], event_pb2.Head]:
        """Give the serialized events of this very customer after a `seq`, and the head. Two indexed reads."""
        return await history.replay(
            self._database, customer_id=customer_id, after_seq=after_seq, limit=limit, epoch=self._epoch
        )
