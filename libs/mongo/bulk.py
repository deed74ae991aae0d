"""Many small writes to one collection in few commands, in any order. Each must be safe to repeat."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError

from libs.mongo.connection import Collection, Document
from libs.mongo.deadline import reading

DUPLICATE_KEY = 11000
AT_ONCE = 100
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Put:
    """Replaces the document of this `_id`, or puts it there."""

    document: Document
    is_new: bool = False
    """Whether it should not be there yet: that is cheaper to put, and dearer where it is there after all."""


@dataclass(frozen=True, slots=True)
class Update:
    """Changes the one document that matches; where none does, nothing, or with `upsert` a new one."""

    match: Document
    change: Document
    upsert: bool = False


async def write(collection: Collection, writes: Sequence[Put | Update]) -> None:
    """Do them all; one command for every hundred, none for none. What was done when it fails is left to a repetition.

    Raises DEADLINE_EXCEEDED and DEPENDENCY_UNAVAILABLE.
    """
    there: list[Put] = []
    for puts in _batches([one for one in writes if isinstance(one, Put) and one.is_new]):
        there += await _insert(collection, puts)
    for batch in _batches([*(one for one in writes if not (isinstance(one, Put) and one.is_new)), *there]):
        with reading():
            await collection.bulk_write([_write(one) for one in batch], ordered=False)


def _batches(writes: Sequence[Item]) -> Iterator[Sequence[Item]]:
    return (writes[begin : begin + AT_ONCE] for begin in range(0, len(writes), AT_ONCE))


async def _insert(collection: Collection, puts: Sequence[Put]) -> list[Put]:
    """Put what is new, and give what was there already."""
    with reading():
        try:
            await collection.bulk_write([InsertOne(one.document) for one in puts], ordered=False)
        except BulkWriteError as error:
            faults = error.details["writeErrors"]
            if error.details.get("writeConcernErrors") or any(fault["code"] != DUPLICATE_KEY for fault in faults):
                raise
            return [puts[fault["index"]] for fault in faults]
    return []


def _write(one: Put | Update) -> ReplaceOne[Document] | UpdateOne:
    if isinstance(one, Put):
        return ReplaceOne({"_id": one.document["_id"]}, one.document, upsert=True)
    return UpdateOne(one.match, one.change, upsert=one.upsert)
