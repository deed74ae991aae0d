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
from libs.mongo.places import Place, read_in_order
from libs.mongo.shapes import RECORDS
from libs.mongo.values import Saved, State
from libs.timestamps import EPOCH

Position: TypeAlias = Mapping[str, str | int]
"""A place in a list, fit for a page token: `sort_time` in milliseconds since 1970, and `_id`."""

ANY_MEMBER: Mapping[str, Any] = {}


def position_at(time: datetime, member_id: str = "") -> Position:
    """Give the place of a member; without an id, where a list with the oldest first begins at that time."""
    return {"sort_time": (time - EPOCH) // timedelta(milliseconds=1), "_id": member_id}


def place_at(position: Position) -> Place:
    """Give the place in a list that a position names."""
    return EPOCH + timedelta(milliseconds=int(position["sort_time"])), str(position["_id"])


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
    listed if its place was not yet passed; none is listed twice. One indexed query, two for a later page; one more
    while members of this collection are on their way, and one for a customer with merges.
    """
    deadline = Deadline()
    pending = await _pending(database, collection, saved, deadline)
    after = None if position is None else place_at(position)
    conditions: Document = {"customer_id": {"$in": list(saved.lineage)}, **match}
    if pending:
        conditions["_id"] = {"$nin": sorted(pending)}
    members = database[collection]
    found = await read_in_order(
        members,
        conditions,
        field="sort_time",
        after=after,
        newest_first=newest_first,
        limit=limit + 1,
        deadline=deadline,
    )
    if pending:
        with reading(deadline):
            stored = await members.find({"_id": {"$in": sorted(pending)}}).to_list(None)
        found += [
            member
            for member in _newest_revisions(pending, stored).values()
            if all(member.get(name) == value for name, value in match.items())
            and (after is None or (_place(member) < after if newest_first else _place(member) > after))
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
        absorbed = {"_id": {"$in": list(saved.lineage[1:])}}
        with reading(deadline):
            sealed = await database[RECORDS].find(absorbed, {"outbox.members": 1}).to_list(None)
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


def _place(member: Document) -> Place:
    return member["sort_time"], member["_id"]
