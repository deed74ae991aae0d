"""The audit log in a service's database: written in batches, found by customer, channel and verdict."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.audit.entries import Entry, Verdict, What, Who
from libs.mongo.connection import Collection, Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_all_once
from libs.mongo.shapes import AUDIT


def audit_indexes(kept: timedelta) -> tuple[Index, ...]:
    """Give those that the audit log needs, and by which entries vanish that are older."""
    return (
        Index(AUDIT, (("time", 1),), expire_after_seconds=int(kept.total_seconds())),
        Index(AUDIT, (("customer_ids", 1), ("_id", 1))),
        Index(AUDIT, (("verdict", 1), ("_id", 1))),
        Index(AUDIT, (("channel_id", 1), ("_id", 1))),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; None and empty do not matter."""

    customer_id: str = ""
    channel_id: str = ""
    verdict: Verdict | None = None
    from_time: datetime | None = None
    to_time: datetime | None = None


class AuditLog:
    """The entries. Raises DEPENDENCY_UNAVAILABLE where MongoDB does not answer."""

    def __init__(self, database: Database) -> None:
        self._entries: Collection = database[AUDIT]

    async def add(self, documents: Sequence[Document]) -> None:
        """Add entries as `to_document` gives them; safe to repeat with the same. One command."""
        await insert_all_once(self._entries, documents)

    async def page(self, wanted: Wanted, *, before: str | None, limit: int) -> list[tuple[str, Entry]]:
        """Give at most `limit` entries with their ids, newest first, from behind an id on. One indexed query."""
        ids: Document = {}
        if wanted.from_time is not None:
            ids["$gte"] = _id_prefix(wanted.from_time)
        ends = [end for end in (before, _id_prefix(wanted.to_time) if wanted.to_time else None) if end is not None]
        if ends:
            ids["$lt"] = min(ends)
        match: Document = {"_id": ids} if ids else {}
        if wanted.customer_id:
            match["customer_ids"] = wanted.customer_id
        if wanted.channel_id:
            match["channel_id"] = wanted.channel_id
        if wanted.verdict is not None:
            match["verdict"] = str(wanted.verdict)
        with reading():
            found = await self._entries.find(match).sort("_id", -1).limit(limit).to_list(limit)
        return [(document["_id"], _from_document(document)) for document in found]


def to_document(entry: Entry) -> Document:
    """Write an entry, under an id of its own that sorts by time."""
    return {
        "_id": f"{_id_prefix(entry.time)}{secrets.token_hex(8)}",
        "time": entry.time,
        "last_time": entry.last_time,
        "count": entry.count,
        "channel_id": entry.who.channel_id,
        "actor_id": entry.who.actor_id,
        "service": entry.who.service,
        "method": entry.what.method,
        "customer_ids": list(entry.what.customer_ids),
        "verdict": str(entry.what.verdict),
        "reason": entry.what.reason,
        "trace_id": entry.trace_id,
    }


def _from_document(document: Document) -> Entry:
    return Entry(
        who=Who(channel_id=document["channel_id"], actor_id=document["actor_id"], service=document["service"]),
        what=What(
            method=document["method"],
            verdict=Verdict(document["verdict"]),
            customer_ids=tuple(document["customer_ids"]),
            reason=document["reason"],
        ),
        time=document["time"],
        last_time=document["last_time"],
        count=document["count"],
        trace_id=document["trace_id"],
    )


def _id_prefix(time: datetime) -> str:
    return f"{max(0, int(time.timestamp() * 1000)):013x}"
