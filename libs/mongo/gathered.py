"""Finds of many callers as one (`libs/gathering.py`): the more is asked at once, the more records one command brings.

The trace of each shows the command that was sent for all of them, and how many they were.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from bson.raw_bson import RawBSONDocument

from libs.errors import OmnithreadError
from libs.gathering import Gathering
from libs.mongo.connection import Collection, Undecoded
from libs.mongo.deadline import Deadline, reading
from libs.telemetry.shared_work import Told

HELD_UP_SECONDS = 0.25
"""What is under way may hang, on a connection that is broken."""
TOGETHER = 64
"""At most so many records of 256 KB by one command."""

Question = TypeVar("Question")
Answer = TypeVar("Answer")
Asked = tuple[str, Deadline]


async def ask(gathering: Gathering[Question, Answer], question: Question, deadline: Deadline) -> Answer:
    """Ask MongoDB something together with others. Raises as `reading` does, each of their own deadline."""
    try:
        return await gathering.ask(question, within_seconds=deadline.left_seconds)
    except (TimeoutError, OmnithreadError):  # which may be another's
        raise deadline.error() from None


def commands(
    operation: str,
    collection: Collection | Undecoded,
    *,
    alone: Callable[[Question], Awaitable[Answer]],
    together: Callable[[Sequence[Question], float], Awaitable[Sequence[Answer | Exception]]],
) -> Gathering[Question, Answer]:
    """Gather what is asked of one collection by one kind of command."""
    return Gathering(
        alone=alone,
        together=together,
        most=TOGETHER,
        held_up_seconds=HELD_UP_SECONDS,
        told=_told(operation, collection),
    )


def _told(operation: str, collection: Collection | Undecoded) -> Told:
    """Give how a command for many is told in the trace of each: as the driver tells of one for one."""
    database = collection.database

    def attributes() -> Mapping[str, str | int]:
        nodes: Any = database.client.nodes
        where = next(iter(nodes)) if len(nodes) == 1 else None  # of several only the driver knows which it was
        return {
            "db.system.name": "mongodb",
            "db.namespace": database.name,
            "db.collection.name": collection.name,
            "db.operation.name": operation,
            "db.query.text": operation,
            **({"server.address": where[0], "server.port": where[1]} if where else {}),
        }

    return Told(f"{operation} {collection.name}", attributes)


class GatheredFinds:
    """Finds documents of one collection by their `_id`."""

    def __init__(self, collection: Undecoded, projection: Mapping[str, int]) -> None:
        self._collection = collection
        self._projection = projection
        self._gathering: Gathering[Asked, RawBSONDocument | None] = commands(
            "find", collection, alone=self._find, together=self._find_all
        )

    async def find(self, key: str, deadline: Deadline) -> RawBSONDocument | None:
        """Give the document as committed now; None where there is none. Raises as `reading` does."""
        return await ask(self._gathering, (key, deadline), deadline)

    async def _find(self, asked: Asked) -> RawBSONDocument | None:
        key, deadline = asked
        with reading(deadline):
            return await self._collection.find_one({"_id": key}, self._projection)

    async def _find_all(self, asked: Sequence[Asked], within_seconds: float) -> list[RawBSONDocument | None]:
        keys = {key for key, _ in asked}
        with reading(Deadline(at_most_seconds=within_seconds)):
            cursor = self._collection.find({"_id": {"$in": sorted(keys)}}, self._projection)
            found = {document["_id"]: document for document in await cursor.to_list(None)}
        return [found.get(key) for key, _ in asked]
