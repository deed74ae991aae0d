"""Documents that belong to no customer, a template for example, with the rules of records: version, requests, floors.

They announce no events and have no long lists.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, NoReturn, TypeAlias

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.mongo.loop import Done, Found, Plan, Step, Write, WriteLoop
from libs.mongo.metrics import WriteMetrics
from libs.mongo.next_version import Change, next_version
from libs.mongo.requests import RequestLog, facts_of, request_entry
from libs.mongo.values import Decision, State, etag_of
from libs.origin import Stamp
from libs.timestamps import EPOCH

RESERVED_FIELDS = frozenset({"_id", "version", "update_time", "requests", "floors"})
ALL: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DocumentShape(Generic[State]):
    """How states of one kind become documents. All functions are pure."""

    empty: Callable[[str], State]
    """The state of a key before anything was written."""
    to_fields: Callable[[State], dict[str, Any]]
    """The state as fixed top-level fields, always the same ones, each whole; never those of `RESERVED_FIELDS`."""
    from_document: Callable[[Mapping[str, Any]], State]
    """The state from a document, `_id` being the key."""


@dataclass(frozen=True, slots=True)
class SavedDocument(Generic[State]):
    """One document as it was read or written."""

    key: str
    state: State
    version: int
    """0 where nothing was ever written."""
    update_time: datetime
    exists: bool

    def etag(self) -> str:
        """Give the opaque name of this version; 32 characters."""
        return etag_of("", self.key, self.version)


@dataclass(frozen=True, slots=True)
class DocumentOutcome(Generic[State]):
    """What became of a command: the state as it is now, and the facts as they were when it was carried out."""

    saved: SavedDocument[State]
    facts: Mapping[str, str]
    replayed: bool


DecideDocument: TypeAlias = Callable[[SavedDocument[State]], Decision[State, NoReturn]]


class Documents(Generic[State]):
    """All documents of one kind, in a collection of their own."""

    def __init__(
        self,
        *,
        database: Database,
        collection: str,
        shape: DocumentShape[State],
        clock: Clock,
        random: random.Random,
        metrics: WriteMetrics | None = None,
    ) -> None:
        self._collection = database[collection]
        self._shape = shape
        self._clock = clock
        self._loop = WriteLoop(
            collection=self._collection,
            random=random,
            metrics=metrics.of(collection) if metrics is not None else None,
        )

    async def get(self, key: str) -> SavedDocument[State]:
        """Read one document. One read."""
        with reading():
            document = await self._collection.find_one({"_id": key}, {"requests": 0, "floors": 0})
        return self._saved(document, key)

    async def page(
        self, *, after_key: str = "", limit: int, match: Mapping[str, Any] = ALL
    ) -> list[SavedDocument[State]]:
        """Give at most `limit` documents with keys beyond `after_key`, in order of their keys. One indexed query.

        `match` names top-level fields and the values they must have; the service has an index on them and `_id`.
        """
        with reading():
            cursor = self._collection.find({"_id": {"$gt": after_key}, **match}, {"requests": 0, "floors": 0})
            documents = await cursor.sort("_id", 1).limit(limit).to_list(limit)
        return [self._saved(document, document["_id"]) for document in documents]

    async def versions(self, limit: int) -> dict[str, int]:
        """Give the versions of at most `limit` documents by key: what a cache compares. One query.

        An index on (`version`, `_id`) covers it, for documents that are many or large.
        """
        with reading():
            cursor = self._collection.find({"version": {"$gt": 0}}, {"version": 1})
            documents = await cursor.limit(limit).to_list(limit)
        return {document["_id"]: document["version"] for document in documents}

    async def run(self, key: str, stamp: Stamp, decide: DecideDocument[State]) -> DocumentOutcome[State]:
        """Carry out a command once, as `Records.run` does, without events. One read and one write."""
        return await self._loop.run(key, self._plan(key, stamp, decide), Deadline())

    def _plan(self, key: str, stamp: Stamp, decide: DecideDocument[State]) -> Plan[DocumentOutcome[State]]:
        async def plan(found: Found) -> Step[DocumentOutcome[State]]:
            log = RequestLog.of(found.document)
            saved = self._saved(found.document, key)
            known = log.find(stamp)
            if known is not None:
                return Done(DocumentOutcome(saved=saved, facts=facts_of(known), replayed=not found.unsure))
            log.check_fresh(stamp, self._clock())
            decision = decide(saved)
            request = request_entry(stamp, version=saved.version + 1, facts=decision.facts)
            present = found.document or {"_id": key, "version": 0, "requests": [], "floors": []}
            version = next_version(
                present, Change(self._fields(decision.state), request, read_bytes=found.read_bytes), now=self._clock()
            )
            written = self._saved(version.document, key)
            return Write(version, DocumentOutcome(saved=written, facts=dict(decision.facts), replayed=False))

        return plan

    def _fields(self, state: State) -> Document:
        fields = self._shape.to_fields(state)
        if not RESERVED_FIELDS.isdisjoint(fields):
            raise ValueError(f"a document's own fields: {sorted(RESERVED_FIELDS.intersection(fields))}")
        return fields

    def _saved(self, document: Document | None, key: str) -> SavedDocument[State]:
        if document is None:
            return SavedDocument(key=key, state=self._shape.empty(key), version=0, update_time=EPOCH, exists=False)
        return SavedDocument(
            key=key,
            state=self._shape.from_document(document),
            version=document["version"],
            update_time=document["update_time"],
            exists=True,
        )
