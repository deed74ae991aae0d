"""What the relay reads and writes: events leave the records for `events`, their list members for their collections.

Every step may be repeated, by this process or another, at any time: inserts that are there already count as done,
a member never replaces a higher revision of itself, and entries are pulled by `seq` without touching `version`.

Retention: the newest event of each customer stays; every other one expires `KEEP_EVENTS` after its successor
was published (TTL on `expire_time`). What Kafka has not acknowledged never expires.
Members stay for as long as their service wants them.
"""

from collections import defaultdict
from collections.abc import Collection as AnyOf
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from bson.errors import BSONError
from pymongo import InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, InvalidName, OperationFailure

from libs.mongo.connection import Collection, Database, Document
from libs.mongo.once import insert_once
from libs.mongo.shapes import (
    DUE,
    EVENTS,
    LONG_AGO,
    META,
    RECORDS,
    EventDocument,
    MemberEntry,
    OutboxEntry,
    RelayState,
    event_key,
)

KEEP_EVENTS = timedelta(days=14)
DUPLICATE_KEY = 11000
SWEEP_KEY = "relay-sweep"

Write = InsertOne[Document] | ReplaceOne[Document] | UpdateMany | UpdateOne


class WriteRefused(Exception):
    """MongoDB, or its driver, will not take a document as it is: trying the same again does not help soon."""


@dataclass(frozen=True, slots=True)
class Unrelayed:
    """A record with what it has still to announce."""

    customer_id: str
    entries: tuple[OutboxEntry, ...]
    """In order of `seq`."""
    attempts: int
    """How often relaying it has failed since it last went well."""
    retry_time: datetime | None
    """Not to be tried before; None where it may be tried now."""
    parked_since: datetime | None
    """When it had failed so often that it counts as parked; None where it does not."""

    @property
    def last_seq(self) -> int:
        """The newest of the entries, 0 where there are none."""
        return self.entries[-1]["seq"] if self.entries else 0


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that Kafka has not acknowledged."""

    customer_id: str
    seq: int
    event_id: str
    event: bytes
    record_time: datetime
    traceparent: str
    journey_id: str
    session_id: str
    channel_id: str
    pending_since: datetime
    """When it was put here, or until when it is postponed."""
    pending_by: str
    """The relay that put it here; "" where none did."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be announced."""

    records: int
    """Records with entries in them; counted up to a limit."""
    events: int
    """Events that were taken out of the records and are not on Kafka; counted up to the same limit."""
    oldest_time: datetime | None
    """When the oldest of both was committed; None where nothing waits."""


class RelayStore:
    """The relay's side of one service's database. Errors of the connection come out as the driver raises them."""

    def __init__(self, database: Database, *, keep_events: timedelta = KEEP_EVENTS) -> None:
        self._database = database
        self._records: Collection = database[RECORDS]
        self._events: Collection = database[EVENTS]
        self._meta: Collection = database[META]
        self._keep_events = keep_events

    async def claim_sweep(
        self, what: str, holder: str, *, now: datetime, until: datetime, was_mine: bool = False
    ) -> bool:
        """Say whether `holder` is to look for `what` was left behind until a time: nobody else is at it, or it was.

        Only saves work: all replicas looking at once would each relay the same, and most where there is most to do.
        A claim that reaches further ahead than anybody's is that of a clock which was ahead, and holds up nobody.
        With `was_mine`, `holder` had it last: where nobody took it, one command is enough.
        """
        key, claim = f"{SWEEP_KEY}:{what}", {"holder": holder, "until": until}
        if was_mine and (await self._meta.update_one({"_id": key, "holder": holder}, {"$set": claim})).matched_count:
            return True
        found = await self._meta.find_one({"_id": key})
        if found is None:
            return await insert_once(self._meta, {"_id": key} | claim)
        if found["holder"] != holder and now <= found["until"] <= until + (until - now):
            return False
        as_found = {"_id": key, "holder": found["holder"], "until": found["until"]}
        return (await self._meta.update_one(as_found, {"$set": claim})).matched_count == 1

    async def left_behind(self, *, before: datetime, now: datetime, limit: int) -> list[str]:
        """Give customers with entries from before a time, without those that wait for a retry."""
        found = self._records.find(
            {"outbox.record_time": {"$gt": LONG_AGO, "$lte": before}, "relay.retry_time": {"$not": {"$gt": now}}},
            {"_id": 1},
        )
        return [document["_id"] async for document in found.limit(limit)]

    async def load(self, customer_ids: AnyOf[str]) -> list[Unrelayed]:
        """Give what these customers' records have to announce, in one query."""
        found = self._records.find({"_id": {"$in": list(customer_ids)}}, {"outbox": 1, "relay": 1})
        return [_unrelayed(document) async for document in found]

    async def keep_events(self, records: Iterable[Unrelayed], *, now: datetime, by: str = "") -> None:
        """Put the entries into `events`, pending; what is not there yet is for the relay `by`. Raises WriteRefused."""
        with _refusals():
            inserts: list[Write] = [
                InsertOne(dict(_event_document(record.customer_id, entry, now, by)))
                for record in records
                for entry in record.entries
            ]
            await _write(self._events, inserts)

    async def keep_members(self, records: Iterable[Unrelayed]) -> None:
        """Put the entries' list members into their collections. Raises WriteRefused."""
        with _refusals():
            writes: defaultdict[str, list[Write]] = defaultdict(list)
            for record in records:
                for entry in record.entries:
                    for member in entry["members"]:
                        writes[member["collection"]].append(_replace_lower_revision(member))
            for collection, replacements in writes.items():
                await _write(self._database[collection], replacements)

    async def pull(self, records: Iterable[Unrelayed]) -> None:
        """Take what was kept out of the records, and with it the note of earlier failures."""
        await _write(
            self._records,
            [
                UpdateOne(
                    {"_id": record.customer_id},
                    {"$pull": {"outbox": {"seq": {"$lte": record.last_seq}}}}
                    | ({"$unset": {"relay": ""}} if record.attempts else {}),
                )
                for record in records
            ],
        )

    async def note_failure(
        self, customer_id: str, *, attempts: int, reason: str, retry_time: datetime, parked_since: datetime | None
    ) -> None:
        """Write on a record why it was not relayed, and when to try again."""
        state: RelayState = {"attempts": attempts, "reason": reason, "retry_time": retry_time}
        if parked_since is not None:
            state["parked_since"] = parked_since
        await self._records.update_one({"_id": customer_id}, {"$set": {"relay": state}})

    async def unpublished(self, *, before: datetime, limit: int) -> list[str]:
        """Give customers with events that have been pending since before a time, oldest first.

        `limit` is one of events, so that the query is bounded whoever they belong to.
        """
        found = self._events.find({"pending_since": {"$gt": LONG_AGO, "$lte": before}}, {"customer_id": 1})
        oldest_first = found.sort("pending_since", 1).limit(limit)
        return list(dict.fromkeys([document["customer_id"] async for document in oldest_first]))

    async def backlog(self, *, limit: int) -> Backlog:
        """Say how much waits. Two counts up to `limit`, and two reads of one document, each by an index."""
        unrelayed = {"outbox.record_time": {"$gt": LONG_AGO}}
        unpublished = {"pending_since": {"$gt": LONG_AGO}}
        times: list[datetime] = []
        async for record in (
            self._records.find(unrelayed, {"outbox.record_time": 1}).sort("outbox.record_time").limit(1)
        ):
            times += [entry["record_time"] for entry in record["outbox"]]
        async for event in self._events.find(unpublished, {"record_time": 1}).sort("pending_since").limit(1):
            times.append(event["record_time"])
        return Backlog(
            records=await self._records.count_documents(unrelayed, limit=limit),
            events=await self._events.count_documents(unpublished, limit=limit),
            oldest_time=min(times, default=None),
        )

    async def pending(self, customer_ids: AnyOf[str], *, limit: int) -> list[PendingEvent]:
        """Give the pending events of these customers, in order of customer and `seq`; the first `limit` of them."""
        found = self._events.find({"pending_customer": {"$in": list(customer_ids)}})
        in_order = found.sort([("pending_customer", 1), ("seq", 1)]).limit(limit)
        return [_pending_event(document) async for document in in_order]

    async def mark_published(self, ranges: Mapping[str, tuple[int, int]], *, now: datetime) -> None:
        """Note that Kafka has each customer's events from the first to the last `seq` of its range.

        All but the last expire from now on, and so does the one before the first: its successor is published.
        """
        published = {"pending_since": "", "pending_customer": "", "pending_by": "", "pending_reason": ""}
        expire = {"expire_time": now + self._keep_events}
        writes: list[Write] = []
        for customer_id, (first, last) in ranges.items():
            if last > 1:
                succeeded = {"customer_id": customer_id, "seq": {"$gte": first - 1, "$lt": last}}
                writes.append(UpdateMany(succeeded, {"$set": expire, "$unset": published}))
            writes.append(UpdateOne({"_id": event_key(customer_id, last)}, {"$unset": published}))
        await _write(self._events, writes)

    async def postpone(self, customer_id: str, *, until: datetime, reason: str) -> None:
        """Keep the sweep away from a customer's pending events until a time, and note on them why."""
        change = {"pending_since": until, "pending_reason": reason}
        await self._events.update_many({"pending_customer": customer_id}, {"$set": change})

    async def make_due(self) -> tuple[int, int]:
        """Let all that was refused be tried at once, and give how many records and how many events that are."""
        records = await self._records.update_many(
            {"outbox.record_time": {"$gt": LONG_AGO}, "relay.retry_time": {"$gt": LONG_AGO}},
            {"$set": {"relay.retry_time": DUE}},
        )
        events = await self._events.update_many(
            {"pending_since": {"$gt": LONG_AGO}, "pending_reason": {"$gt": ""}}, {"$set": {"pending_since": DUE}}
        )
        return records.matched_count, events.matched_count


def _unrelayed(document: Document) -> Unrelayed:
    relay = document.get("relay", {})
    entries = sorted(document.get("outbox", ()), key=lambda entry: int(entry["seq"]))
    return Unrelayed(
        customer_id=document["_id"],
        entries=tuple(entries),
        attempts=relay.get("attempts", 0),
        retry_time=relay.get("retry_time"),
        parked_since=relay.get("parked_since"),
    )


def _event_document(customer_id: str, entry: OutboxEntry, now: datetime, by: str) -> EventDocument:
    return {
        "_id": event_key(customer_id, entry["seq"]),
        "customer_id": customer_id,
        "seq": entry["seq"],
        "event_id": entry["event_id"],
        "record_time": entry["record_time"],
        "event": entry["event"],
        "traceparent": entry["traceparent"],
        "journey_id": entry["journey_id"],
        "session_id": entry["session_id"],
        "channel_id": entry["channel_id"],
        "pending_since": now,
        "pending_customer": customer_id,
        "pending_by": by,
    }


def _pending_event(document: Document) -> PendingEvent:
    return PendingEvent(
        customer_id=document["customer_id"],
        seq=document["seq"],
        event_id=document["event_id"],
        event=bytes(document["event"]),
        record_time=document["record_time"],
        traceparent=document["traceparent"],
        journey_id=document["journey_id"],
        session_id=document["session_id"],
        channel_id=document["channel_id"],
        pending_since=document["pending_since"],
        pending_by=document.get("pending_by", ""),  # absent on events from before relays shared the work
    )


def _replace_lower_revision(member: MemberEntry) -> Write:
    """Where a revision as high is there, nothing matches and the upsert meets its `_id`: counted as done."""
    document = member["document"]
    lower = {"_id": document["_id"], "revision": {"$lt": document["revision"]}}
    return ReplaceOne(lower, dict(document), upsert=True)


async def _write(collection: Collection, writes: Sequence[Write]) -> None:
    """Write in bulk, in any order; what is there already counts as written."""
    if not writes:
        return
    try:
        await collection.bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if error.details.get("writeConcernErrors") or any(fault["code"] != DUPLICATE_KEY for fault in faults):
            raise


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what will be refused again (WriteRefused, without the document's values) from what may pass next time."""
    try:
        yield
    except BulkWriteError as error:
        if error.timeout or error.details.get("writeConcernErrors"):
            raise
        codes = sorted({fault["code"] for fault in error.details["writeErrors"]} - {DUPLICATE_KEY})
        raise WriteRefused(f"MongoDB codes {codes}") from error
    except OperationFailure as error:
        if error.timeout or error.has_error_label("RetryableWriteError"):
            raise
        raise WriteRefused(f"MongoDB code {error.code}") from error
    except (BSONError, InvalidName, OverflowError, TypeError, ValueError, LookupError) as error:
        raise WriteRefused(type(error).__name__) from error
