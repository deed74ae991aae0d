"""Merge reports: what each merge did in this service, and what the survivor was before it, kept for undoing it.

A report is a member of the survivor's (`_id` is the merge's id): it is written with the merge itself.

Retention: it stays for as long as the survivor does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic

import bson

from libs.merged_things import MergedThing, at_most
from libs.mongo.connection import CODEC, Database, Document
from libs.mongo.members import get_member
from libs.mongo.shapes import MERGE_REPORTS
from libs.mongo.values import Member, RecordShape, Saved, State

MAX_BEFORE_BYTES = 1024 * 1024
"""Of the survivor's state before the merge. A larger one is left out, and then undoing has only the source's."""


@dataclass(frozen=True, slots=True)
class MergeReport(Generic[State]):
    """What one merge did."""

    merge_id: str
    source_customer_id: str
    survivor_customer_id: str
    things: tuple[MergedThing, ...]
    policy: str
    """By which it was done; empty where there is only one."""
    absorb_time: datetime
    before: State | None
    """The survivor before it; None where that was too large to be kept."""


def report_member(
    *,
    merge_id: str,
    source_customer_id: str,
    things: tuple[MergedThing, ...],
    policy: str,
    before: Mapping[str, Any],
    now: datetime,
) -> Member:
    """Write a report, to travel with the event that announces the merge."""
    too_large = len(bson.encode(before, codec_options=CODEC)) > MAX_BEFORE_BYTES
    return Member(
        collection=MERGE_REPORTS,
        id=merge_id,
        document={
            "sort_time": now,
            "source_customer_id": source_customer_id,
            "things": [thing.to_fields() for thing in at_most(things)],
            "policy": policy,
            "before": None if too_large else before,
        },
    )


async def find_report(
    database: Database, shape: RecordShape[State, Any], saved: Saved[State], merge_id: str
) -> MergeReport[State] | None:
    """Give the report of a merge into this customer, or into one who was merged into it. One or two reads."""
    document = await get_member(database, MERGE_REPORTS, saved, merge_id)
    return None if document is None else _report(document, shape)


def _report(document: Document, shape: RecordShape[State, Any]) -> MergeReport[State]:
    before = document["before"]
    return MergeReport(
        merge_id=document["_id"],
        source_customer_id=document["source_customer_id"],
        survivor_customer_id=document["customer_id"],
        things=tuple(MergedThing.from_fields(thing) for thing in document["things"]),
        policy=document["policy"],
        absorb_time=document["sort_time"],
        before=None if before is None else shape.from_document({"_id": document["customer_id"], **before}),
    )
