"""Finds whom a customer was one with by mistake: their mails from that time name the other one."""

from collections.abc import Collection, Sequence

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.shapes import MERGE_REPORTS

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
