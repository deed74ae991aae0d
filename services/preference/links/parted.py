"""Finds whom a customer was one with by mistake: their mails from that time name the other one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.shapes import MERGE_REPORTS
from libs.mongo.values import Saved
from services.preference.store import CHAIN_NOTES
from services.preference.values import Preferences

MOST_PARTED = 50
"""More than so many are not looked at; nobody is taken for so many by mistake."""


async def sources_of(database: Database, released: Sequence[str], *, known: Collection[str]) -> list[str]:
    """Give who was merged by these merges, but for those known. One read by `_id`, none where there were no merges."""
    if not released:
        return []
    with reading():
        match = {"_id": {"$in": list(released[-MOST_PARTED:])}}
        reports = await database[MERGE_REPORTS].find(match, {"source_customer_id": 1}).to_list(MOST_PARTED)
    return [source for report in reports if (source := str(report["source_customer_id"])) not in known]


async def was_two(database: Database, exact: Saved[Preferences], made_time: datetime) -> bool:
    """Say whether a customer was taken for two at a time, in whole seconds, and is not any more.

    Known of those who had said anything. One read, or two; none where no merge was undone.
    """
    if not exact.released:
        return False
    undone = list(exact.released[-MOST_PARTED:])
    match = {"chain_id": exact.customer_id, "merge_id": {"$in": undone}, "released": True}
    with reading():
        notes: list[Mapping[str, Any]] = [
            *await database[CHAIN_NOTES].find(match).limit(MOST_PARTED).to_list(MOST_PARTED)
        ]
    notes += [member.document for member in exact.pending_members if member.collection == CHAIN_NOTES]
    parted = [note["merge_id"] for note in notes if note["released"] and note["sort_time"] >= made_time]
    if not parted:
        return False
    with reading():
        before = {"_id": {"$in": parted}, "sort_time": {"$lt": made_time + timedelta(seconds=1)}}
        return await database[MERGE_REPORTS].find_one(before, {"_id": 1}) is not None
