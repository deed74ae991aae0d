"""Many small writes to one collection in one command, in any order. Each must be safe to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import ReplaceOne, UpdateOne

from libs.mongo.connection import Collection, Document
from libs.mongo.deadline import Deadline, reading


@dataclass(frozen=True, slots=True)
class Put:
    """Replaces the document of this `_id`, or puts it there."""

    document: Document


@dataclass(frozen=True, slots=True)
class Update:
    """Changes the one document that matches; where none does, nothing, or with `upsert` a new one."""

    match: Document
    change: Document
    upsert: bool = False


async def write(collection: Collection, writes: Sequence[Put | Update], deadline: Deadline | None = None) -> None:
    """Do them all; one command, none for none. What was done when it fails is left to a repetition.

    Raises DEADLINE_EXCEEDED and DEPENDENCY_UNAVAILABLE.
    """
    if not writes:
        return
    with reading(deadline):
        await collection.bulk_write([_write(one) for one in writes], ordered=False)


def _write(one: Put | Update) -> ReplaceOne[Document] | UpdateOne:
    if isinstance(one, Put):
        return ReplaceOne({"_id": one.document["_id"]}, one.document, upsert=True)
    return UpdateOne(one.match, one.change, upsert=one.upsert)
