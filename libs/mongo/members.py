"""Long lists of a customer: orders, messages, touchpoints, each member a document of its own.

A member travels in the outbox of a record, and the relay puts it into its collection before taking it out. So the
record is read first, the collection second, and what is in both is listed once: the higher revision.
Members of customers that were absorbed by merges belong to the survivor's list.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.mongo.outbox import pending_members
from libs.mongo.shapes import RECORDS
from libs.mongo.values import Saved, State
from libs.timestamps import EPOCH

Position: TypeAlias = Mapping[str, str | int]
"""A place in a list, fit for a page token: `sort_time` in milliseconds since 1970, and `_id`."""

ANY_MEMBER: Mapping[str, Any] = {}


def position_at(time: datetime, member_id: str = "") -> Position:
    """Give the place of a member; without an id, the place before all members of that time or later ones."""
    return {"sort_time": (time - EPOCH) // timedelta(milliseconds=1), "_id": member_id}


async def page(
    database: Database,
    collection: str,
    saved: Saved[State],
    *,
    match: Mapping[str, Any] = ANY_MEMBER,
    newest_first: bool = True,
    position: Position | None = None,
    limit: int,
) -> tuple[list[Document], Position | None]:
    """Give at most `limit` members after `position`, in order of (`sort_time`, `_id`), and where the next page begins.

    `match` names top-level fields and the values they must have. A member that is put while the pages are read is
    listed if its place was not yet passed; none is listed twice. One indexed query; a second one while members of
    this collection are on their way, and a third for a customer with merges.
    """
    deadline = Deadline()
    pending = await _pending(database, collection, saved, deadline)
    conditions: list[Document] = [{"customer_id": {"$in": list(saved.lineage)}}, dict(match)]
    if pending:
        conditions.append({"_id": {"$nin": sorted(pending)}})
    if position is not None:
        conditions.append(_beyond(position, newest_first=newest_first))
    order = -1 if newest_first else 1
    members = database[collection]
    with reading(deadline):
        cursor = members.find({"$and": [condition for condition in conditions if condition]})
        found = await cursor.sort([("sort_time", order), ("_id", order)]).limit(limit + 1).to_list(limit + 1)
    if pending:
        with reading(deadline):
            stored = await members.find({"_id": {"$in": sorted(pending)}}).to_list(None)
        found += [
            member
            for member in _newest_revisions(pending, stored).values()
            if all(member.get(name) == value for name, value in match.items())
            and (position is None or _is_beyond(member, position, newest_first=newest_first))
        ]
        found.sort(key=_place, reverse=newest_first)
    documents = found[:limit]
    return documents, position_at(*_place(documents[-1])) if len(found) > limit else None


async def get_member(database: Database, collection: str, saved: Saved[State], member_id: str) -> Document | None:
    """Give one member of the customer, its highest revision; None where there is none. One read by id, or two."""
    deadline = Deadline()
    pending = await _pending(database, collection, saved, deadline)
    with reading(deadline):
        stored = await database[collection].find_one({"_id": member_id})
    mine = [stored] if stored is not None and stored["customer_id"] in saved.lineage else []
    waiting = {member_id: pending[member_id]} if member_id in pending else {}
    return _newest_revisions(waiting, mine).get(member_id)


async def _pending(database: Database, collection: str, saved: Saved[State], deadline: Deadline) -> dict[str, Document]:
    """Give the members on their way, by id: of the record, and of the sealed records that were absorbed into it."""
    waiting = list(saved.pending_members)
    if len(saved.lineage) > 1:
        match = {"_id": {"$in": list(saved.lineage[1:])}, "outbox.seq": {"$gt": 0}}
        with reading(deadline):
            sealed = await database[RECORDS].find(match, {"outbox.members": 1}).to_list(None)
        waiting += [member for record in sealed for member in pending_members(record)]
    of_collection = [dict(member.document) for member in waiting if member.collection == collection]
    return _newest_revisions({}, of_collection)


def _newest_revisions(pending: Mapping[str, Document], others: list[Document]) -> dict[str, Document]:
    newest = dict(pending)
    for member in others:
        known = newest.get(member["_id"])
        if known is None or known["revision"] < member["revision"]:
            newest[member["_id"]] = member
    return newest


def _beyond(position: Position, *, newest_first: bool) -> Document:
    comparison = "$lt" if newest_first else "$gt"
    time = EPOCH + timedelta(milliseconds=int(position["sort_time"]))
    same_time = {"sort_time": time, "_id": {comparison: position["_id"]}}
    return {"sort_time": {comparison + "e": time}, "$or": [{"sort_time": {comparison: time}}, same_time]}


def _is_beyond(member: Document, position: Position, *, newest_first: bool) -> bool:
    time = EPOCH + timedelta(milliseconds=int(position["sort_time"]))
    at = (time, str(position["_id"]))
    return _place(member) < at if newest_first else _place(member) > at


def _place(member: Document) -> tuple[datetime, str]:
    return member["sort_time"], member["_id"]
