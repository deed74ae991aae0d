"""Counts what waits and what is overdue, for gauges: every few seconds, by an index, up to a limit.

Every replica counts the same; whoever adds gauges up takes the largest of a service's replicas.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Gauge

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.deadline import Deadline, reading
from libs.timestamps import EPOCH

MEASURE_SECONDS = 10.0
MOST_COUNTED = 10_000
MOST_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DueGauges:
    """What is told of one kind of work; None where nobody wants to know."""

    waiting: Gauge
    """All that has a time, past or to come."""
    overdue: Gauge | None = None
    """What should have been done `grace` ago."""
    oldest_seconds: Gauge | None = None
    """How long ago the first of them was due; 0 where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueCounts:
    """Counts documents of one collection by a time in one of their fields.

    The service has an index on the fields of `match` and then `field`.
    """

    database: Database
    collection: str
    field: str
    gauges: DueGauges
    clock: Clock
    match: Mapping[str, Any]
    grace: timedelta = timedelta()

    async def run(self) -> None:
        """Count until cancelled. While MongoDB does not answer, the gauges stay as they were."""
        while True:
            try:
                await self.count()
            except OmnithreadError as error:
                log.warning("not_counted", collection=self.collection, field=self.field, reason=error.reason)
            await asyncio.sleep(MEASURE_SECONDS)

    async def count(self) -> None:
        """Count now. Two counts up to 10,000 and one read, each by the index."""
        now, gauges = self.clock(), self.gauges
        gauges.waiting.set(await self._number({"$gt": EPOCH}))
        if gauges.overdue is not None:
            gauges.overdue.set(await self._number({"$gt": EPOCH, "$lte": now - self.grace}))
        if gauges.oldest_seconds is not None:
            oldest = await self._oldest()
            gauges.oldest_seconds.set(max(0.0, (now - oldest).total_seconds()) if oldest else 0.0)

    async def _number(self, times: Mapping[str, datetime]) -> int:
        with reading(Deadline(at_most_seconds=MOST_SECONDS)):
            condition = {**self.match, self.field: dict(times)}
            return int(await self.database[self.collection].count_documents(condition, limit=MOST_COUNTED))

    async def _oldest(self) -> datetime | None:
        with reading(Deadline(at_most_seconds=MOST_SECONDS)):
            found = self.database[self.collection].find({**self.match, self.field: {"$gt": EPOCH}}, {self.field: 1})
            rows = await found.sort(self.field, 1).limit(1).to_list(1)
        return rows[0][self.field] if rows else None
