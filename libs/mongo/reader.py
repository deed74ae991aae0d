"""Reading records: one query, and one more for each merge on the way to the customer that remains.

What is asked for at the same time is asked of MongoDB together (`gathered.py`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Generic

from bson.raw_bson import RawBSONDocument

from libs.errors import customer_not_found
from libs.mongo.connection import Database, Document, decoded, undecoded
from libs.mongo.deadline import Deadline, reading
from libs.mongo.decoded import Decoded
from libs.mongo.gathered import GatheredFinds
from libs.mongo.outbox import pending_members
from libs.mongo.requests import RequestLog, facts_of
from libs.mongo.shapes import RECORDS
from libs.mongo.values import Event, Outcome, RecordShape, Saved, State
from libs.origin import Stamp
from libs.timestamps import EPOCH

MAX_MERGE_HOPS = 16
MAX_CUSTOMERS = 1000
# What only writes need, which is most of a record's bytes.
STATE_AND_MEMBERS = {"requests": 0, "floors": 0, "outbox.event": 0}


class TooManyMerges(Exception):
    """A chain of merges is longer than any that profile makes: the records point in a circle, an error of ours."""


class RecordReader(Generic[State, Event]):
    """Reads the records of one service."""

    def __init__(self, *, database: Database, shape: RecordShape[State, Event], epoch: str) -> None:
        self._records = database[RECORDS]
        self._undecoded = undecoded(database[RECORDS])
        self._finds = GatheredFinds(self._undecoded, STATE_AND_MEMBERS)
        self._shape = shape
        self._epoch = epoch
        self._known: Decoded[State] = Decoded()

    def saved(self, record: Mapping[str, Any] | None, customer_id: str) -> Saved[State]:
        """Give a record as its service knows it; None is a customer for whom nothing was ever written."""
        if record is None:
            return Saved(
                customer_id=customer_id,
                state=self._shape.empty(customer_id),
                version=0,
                seq=0,
                epoch=self._epoch,
                update_time=EPOCH,
                lineage=(customer_id,),
                pending_members=(),
                exists=False,
            )
        return Saved(
            customer_id=customer_id,
            state=self._shape.from_document(record),
            version=record["version"],
            seq=record["seq"],
            epoch=self._epoch,
            update_time=record["update_time"],
            lineage=(customer_id, *record["lineage"]),
            pending_members=pending_members(record),
            exists=True,
            merged_into=record["merged_into"],
            merge_id=record["merge_id"],
            absorbed=tuple(record["absorbed"]),
            absorption_done=record["absorption_done"],
            released=tuple(record.get("released", ())),
            erased=record.get("erased", ""),
        )

    async def get_exact(self, customer_id: str, deadline: Deadline | None = None) -> Saved[State]:
        """Read this very record, sealed or not, be it a tombstone."""
        document = await self._finds.find(customer_id, deadline or Deadline())
        return self.saved(None, customer_id) if document is None else self._read(document)

    async def get(self, customer_id: str, deadline: Deadline | None = None) -> Saved[State]:
        """Read the record of the customer that remains of `customer_id`. Raises CUSTOMER_NOT_FOUND for a tombstone.

        One whose merge is being undone this moment is read as it is about to be.
        """
        limit = deadline or Deadline()
        sealed: RawBSONDocument | None = None
        for _ in range(MAX_MERGE_HOPS):
            document = await self._finds.find(customer_id, limit)
            if document is None:
                return self.saved(None, customer_id)
            if sealed is not None and (parted := self._released(sealed, document)) is not None:
                return parted
            saved = self._read(document)
            if saved.erased:
                raise customer_not_found(customer_id)
            if not saved.merged_into:
                return saved
            sealed, customer_id = document, saved.merged_into
        raise TooManyMerges(customer_id)

    async def standing(self, customer_id: str) -> Saved[State]:
        """Read the record of the customer that remains of `customer_id`, be it a tombstone."""
        limit = Deadline()
        for _ in range(MAX_MERGE_HOPS):
            saved = await self.get_exact(customer_id, limit)
            if saved.erased or not saved.merged_into:
                return saved
            customer_id = saved.merged_into
        raise TooManyMerges(customer_id)

    async def get_many(self, customer_ids: Iterable[str]) -> dict[str, Saved[State]]:
        """Read the records that exist of at most 1000 customers who remain, keyed by the id that was asked for."""
        standing = {asked: asked for asked in customer_ids}
        sealed: dict[str, RawBSONDocument] = {}
        if len(standing) > MAX_CUSTOMERS:
            raise ValueError(f"more than {MAX_CUSTOMERS} customers at once")
        found: dict[str, Saved[State]] = {}
        deadline = Deadline()
        for _ in range(MAX_MERGE_HOPS):
            if not standing:
                return found
            records = await self._documents(set(standing.values()), deadline)
            further: dict[str, str] = {}
            for asked, customer_id in standing.items():
                if customer_id not in records:
                    continue
                document, saved = records[customer_id]
                if asked in sealed and (parted := self._released(sealed[asked], document)) is not None:
                    found[asked] = parted
                elif saved.merged_into:
                    sealed[asked], further[asked] = document, saved.merged_into
                else:
                    found[asked] = saved
            standing = further
        raise TooManyMerges(sorted(standing))

    async def _documents(
        self, customer_ids: set[str], deadline: Deadline
    ) -> dict[str, tuple[RawBSONDocument, Saved[State]]]:
        with reading(deadline):
            cursor = self._undecoded.find({"_id": {"$in": sorted(customer_ids)}}, STATE_AND_MEMBERS)
            documents = await cursor.to_list(None)
        read = [(document, self._read(document)) for document in documents]
        return {saved.customer_id: (document, saved) for document, saved in read if not saved.erased}

    def _read(self, document: RawBSONDocument) -> Saved[State]:
        whole = bytes(document.raw)
        saved = self._known.find(whole)
        if saved is None:
            record = decoded(document)
            saved = self.saved(record, record["_id"])
            self._known.keep(whole, saved)
        return saved

    def _released(self, sealed: RawBSONDocument, survivor: RawBSONDocument) -> Saved[State] | None:
        parted = as_released(decoded(sealed), decoded(survivor))
        return None if parted is None else self.saved(parted, parted["_id"])

    async def recall(self, customer_id: str, stamp: Stamp) -> Outcome[State] | None:
        """Give what became of a request, where this record or one that it was merged into remembers it."""
        deadline = Deadline()
        for _ in range(MAX_MERGE_HOPS):
            with reading(deadline):
                record = await self._records.find_one({"_id": customer_id})
            if record is None or record.get("erased"):
                return None
            survivor_id = record["merged_into"]
            known = RequestLog.of(record).find(stamp)
            if known is not None:
                saved = await self.get(survivor_id, deadline) if survivor_id else self.saved(record, customer_id)
                return Outcome(saved=saved, facts=facts_of(known), replayed=True)
            if not survivor_id:
                return None
            customer_id = survivor_id
        raise TooManyMerges(customer_id)

    async def is_settled(self, record: Document, deadline: Deadline) -> bool:
        """Say whether the survivor has all that a sealed record held."""
        merge_id, survivor_id = record["merge_id"], record["merged_into"]
        if record["absorption_done"] or not merge_id:
            return True
        for _ in range(MAX_MERGE_HOPS):
            survivor = await self.get_exact(survivor_id, deadline)
            if survivor.erased or merge_id in survivor.absorbed:
                return True
            if not survivor.merged_into:
                return False
            survivor_id = survivor.merged_into
        raise TooManyMerges(survivor_id)


def as_released(sealed: Document, survivor: Document) -> Document | None:
    """Give a sealed record with its share, where the survivor has given that up and it is on its way; else None."""
    for entry in survivor.get("releasing", ()):
        if entry["source_id"] == sealed["_id"] and entry["merge_id"] == sealed["merge_id"]:
            return {**sealed, **entry["fields"], "merged_into": "", "merge_id": "", "absorption_done": False}
    return None
