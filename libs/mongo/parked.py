"""Trying again at once what waits for a later try: for whoever has mended what was wrong, and will not wait.

Nothing is given up by itself: what is parked is tried after growing pauses, of five minutes at the longest.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from libs.mongo.connection import Database
from libs.mongo.cursors import Cursors
from libs.mongo.deadline import reading
from libs.mongo.relay_store import RelayStore


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
    with reading():
        records, events = await RelayStore(database).make_due()
    streams = [await Cursors(database, name).make_due() for name in cursor_collections]
    return TriedAgain(records=records, events=events, streams=sum(streams))
