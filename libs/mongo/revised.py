"""Small documents that belong to no record, that several processes change at once, and that vanish by themselves.

Each has a revision, and is written only as the one that was read. Counts of what happened in the last while live so.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeAlias

from libs.clock import Clock
from libs.mongo.connection import Collection, Document
from libs.mongo.deadline import reading
from libs.mongo.once import insert_once

MAX_TRIES = 12

DecideFields: TypeAlias = Callable[[Document | None], Mapping[str, Any] | None]
"""Gives the fields of the next revision of a document, or of the first where there is none; None for no change.
Pure; may be called again on a newer one, and may raise a refusal."""


class RevisedDocuments:
    """The documents of one collection; its owner declares an index by which they expire at their `expire_time`."""

    def __init__(self, collection: Collection, *, lifetime: timedelta, clock: Clock) -> None:
        self._collection = collection
        self._lifetime = lifetime
        self._clock = clock

    async def change(
        self, key: str, decide: DecideFields, *, tries: int = MAX_TRIES, first: Mapping[str, Any] | None = None
    ) -> bool:
        """Write what `decide` makes of a document; False where others were faster each time, and nothing is written.

        A document that is new has the fields of `first` besides. One read and one write for each try.
        """
        for _ in range(tries):
            with reading():
                found = await self._collection.find_one({"_id": key})
            fields = decide(found)
            if fields is None or await self._write(key, found, fields, first or {}):
                return True
        return False

    async def _write(
        self, key: str, found: Document | None, fields: Mapping[str, Any], first: Mapping[str, Any]
    ) -> bool:
        revision = found["revision"] if found else 0
        written = {**fields, "expire_time": self._clock() + self._lifetime, "revision": revision + 1}
        if found is None:
            return await insert_once(self._collection, {"_id": key, **first, **written})
        with reading():
            answer = await self._collection.update_one({"_id": key, "revision": revision}, {"$set": written})
        return bool(answer.matched_count)
