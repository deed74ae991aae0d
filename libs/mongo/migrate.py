"""Making a service's database ready: indexes and the epoch. Safe to run twice, and beside a running service."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import IndexModel

from libs.mongo.connection import Database
from libs.mongo.deadline import Deadline, reading
from libs.mongo.epoch import ensure_epoch, read_epoch
from libs.mongo.shapes import CURSORS, EVENTS, MERGE_REPORTS, RECORDS

LONGEST_INDEX_BUILD_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Index:
    """One index that a service's queries need."""

    collection: str
    keys: tuple[tuple[str, int], ...]
    """Fields with 1 for ascending and -1 for descending."""
    unique: bool = False
    sparse: bool = False
    expire_after_seconds: int | None = None
    """How long after the time in its field a document vanishes; None for ever."""

    @property
    def name(self) -> str:
        """How MongoDB calls it."""
        return "_".join(f"{field}_{direction}" for field, direction in self.keys)

    def expires_otherwise(self, there: Mapping[str, Any]) -> bool:
        """Whether an index of this name, as MongoDB describes it, lets documents vanish after another time."""
        seconds = there.get("expireAfterSeconds")
        return self.expire_after_seconds is not None and (seconds is None or int(seconds) != self.expire_after_seconds)

    def model(self) -> IndexModel:
        """Give it as the driver wants it."""
        options: dict[str, Any] = {"name": self.name, "unique": self.unique, "sparse": self.sparse}
        if self.expire_after_seconds is not None:
            options["expireAfterSeconds"] = self.expire_after_seconds
        return IndexModel(list(self.keys), **options)


STANDARD = (
    Index(RECORDS, (("update_time", 1), ("_id", 1))),
    Index(RECORDS, (("outbox.record_time", 1),), sparse=True),
    Index(EVENTS, (("customer_id", 1), ("seq", 1))),
    Index(EVENTS, (("pending_customer", 1), ("seq", 1)), sparse=True),
    Index(EVENTS, (("pending_since", 1),), sparse=True),
    Index(EVENTS, (("expire_time", 1),), sparse=True, expire_after_seconds=0),
    Index(CURSORS, (("retry_time", 1),), sparse=True),
    Index(CURSORS, (("customer_id", 1),), sparse=True),
    Index(MERGE_REPORTS, (("customer_id", 1), ("sort_time", 1), ("_id", 1))),
    Index(MERGE_REPORTS, (("source_customer_id", 1),)),
)
"""What every service has: for heads, for the relay's sweeps, for replay, for what has expired,
for parked streams, for a customer's merge reports, and for what is exported and erased."""


def member_index(collection: str) -> Index:
    """Give the index by which a collection of members is listed."""
    return Index(collection, (("customer_id", 1), ("sort_time", 1), ("_id", 1)))


def due_index(field: str) -> Index:
    """Give the index by which `Records.due` finds records by a time in their state."""
    return Index(RECORDS, (("merged_into", 1), (field, 1)))


async def migrate(database: Database, indexes: Iterable[Index], *, new_epoch: str) -> str:
    """Make the standard indexes, the service's own, and the epoch where there is none; give the epoch."""
    deadline = Deadline(at_most_seconds=LONGEST_INDEX_BUILD_SECONDS)
    for index in (*STANDARD, *indexes):
        with reading(deadline):
            if index.expire_after_seconds is not None:
                await _put_right(database, index)
            await database[index.collection].create_indexes([index.model()])
    return await ensure_epoch(database, new_epoch)


async def _put_right(database: Database, index: Index) -> None:
    """Change after which time documents vanish, where there is the index with another one; nothing is built anew."""
    there = await database[index.collection].index_information()
    if index.name in there and index.expires_otherwise(there[index.name]):
        changed = {"name": index.name, "expireAfterSeconds": index.expire_after_seconds}
        await database.command("collMod", index.collection, index=changed)


async def missing(database: Database, indexes: Iterable[Index]) -> list[str]:
    """Name what `migrate` has still to make, for the check at the start; empty where the database is ready."""
    faults = [] if await read_epoch(database) else ["the epoch"]
    wanted = (*STANDARD, *indexes)
    for collection in sorted({index.collection for index in wanted}):
        with reading():
            present = await database[collection].index_information()
        mine = {index.name: index for index in wanted if index.collection == collection}
        faults += [f"the index {name} of {collection}" for name in sorted(mine.keys() - present.keys())]
        faults += [
            f"the time after which the index {name} of {collection} lets documents vanish"
            for name in sorted(mine.keys() & present.keys())
            if mine[name].expires_otherwise(present[name])
        ]
    return faults
