"""Trying again at once what waits for a later try: for whoever has mended what was wrong, and will not wait.

Nothing is given up by itself: what is parked is tried after growing pauses, of five minutes at the longest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.shapes import EVENTS, RECORDS

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
DUE = datetime(2000, 1, 1, tzinfo=UTC)
"""A time by which everybody's clock is over, and that is found by the queries for what is due."""


@dataclass(frozen=True, slots=True)
class TriedAgain:
    """How much was parked, and is due now."""

    records: int
    """Records that could not be relayed."""
    events: int
    """Events that could not be published."""
    streams: int
    """Customers' streams of other services' events that could not be handled."""


async def retry_parked(database: Database, cursor_collections: Iterable[str]) -> TriedAgain:
    """Make all of it due, whether its time has come or not; the running replicas take it up within seconds.

    Safe to repeat, and beside them. Raises DEPENDENCY_UNAVAILABLE.
    """
    streams = 0
    with reading():
        records = await database[RECORDS].update_many(
            {"outbox.record_time": {"$gt": LONG_AGO}, "relay.retry_time": {"$gt": LONG_AGO}},
            {"$set": {"relay.retry_time": DUE}},
        )
        events = await database[EVENTS].update_many(
            {"pending_since": {"$gt": LONG_AGO}, "pending_reason": {"$gt": ""}}, {"$set": {"pending_since": DUE}}
        )
        for name in cursor_collections:
            found = await database[name].update_many({"retry_time": {"$gt": LONG_AGO}}, {"$set": {"retry_time": DUE}})
            streams += found.matched_count
    return TriedAgain(records=records.matched_count, events=events.matched_count, streams=streams)
