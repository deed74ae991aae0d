"""Finds of many callers as one (`libs/gathering.py`): the more is asked at once, the more records one command brings.

What is traced asks by itself, so that its trace shows what was asked for it.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from bson.raw_bson import RawBSONDocument
from opentelemetry.trace import get_current_span

from libs.errors import OmnithreadError
from libs.gathering import Gathering
from libs.mongo.connection import Undecoded
from libs.mongo.deadline import Deadline, reading

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


class GatheredFinds:
    """Finds documents of one collection by their `_id`."""

    def __init__(self, collection: Undecoded, projection: Mapping[str, int]) -> None:
        self._collection = collection
        self._projection = projection
        self._gathering: Gathering[Asked, RawBSONDocument | None] = Gathering(
            alone=self._find, together=self._find_all, most=TOGETHER, held_up_seconds=HELD_UP_SECONDS
        )

    async def find(self, key: str, deadline: Deadline) -> RawBSONDocument | None:
        """Give the document as committed now; None where there is none. Raises as `reading` does."""
        if get_current_span().is_recording():
            return await self._find((key, deadline))
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
