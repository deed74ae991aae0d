"""A service that reads what the shop announces, and remembers each event that it was given."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from google.protobuf.message import Message
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.clock import system_clock
from libs.errors import customer_erased
from libs.events.consumer import EventConsumer
from libs.events.metrics import ReaderMetrics
from libs.events.streams import HeadsPage, OwnerAway, header_of
from libs.mongo.connection import Database, database
from libs.mongo.cursors import Cursors
from libs.mongo.migrate import migrate
from libs.mongo.parked import retry_parked
from libs.mongo.shapes import CURSORS
from libs.telemetry.journey import JourneyLabels, current_labels
from tests.libs.events.shop import AREA, OpenShop


class Poison(Exception):
    """What its handler cannot digest."""


class Reader:
    """One replica of the reader."""

    def __init__(
        self, *, opened: OpenShop, database: Database, group: str, hears_heads: bool, tracer: Tracer | None
    ) -> None:
        self._opened, self._database, self._group = opened, database, group
        self.cursors = Cursors(database)
        self.registry = CollectorRegistry()
        self.metrics = ReaderMetrics(self.registry)
        self.given: defaultdict[str, list[int]] = defaultdict(list)
        self.event_ids: list[str] = []
        self.labels: dict[str, JourneyLabels] = {}
        self.poisoned: set[str] = set()
        self.erased: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()
        self.consumer = EventConsumer(
            cursors=self.cursors,
            kafka=opened.shop.kafka,
            group=group,
            streams=[opened.stream if hears_heads else replace(opened.stream, heads=_no_heads)],
            handle=self._handle,
            clock=system_clock,
            metrics=self.metrics,
            tracer=tracer,
            sweep_seconds=0.3,
            grace_seconds=0.3,
        )

    def replica(self) -> "Reader":
        """Give another process of the same service."""
        return Reader(opened=self._opened, database=self._database, group=self._group, hears_heads=True, tracer=None)

    async def retry_parked(self) -> None:
        """Try what is parked at once, as the command does."""
        await retry_parked(self._database, [CURSORS])

    async def _handle(self, area: str, event: Message) -> None:
        assert area == AREA
        header = header_of(event)
        await self.gate.wait()
        if header.customer_id in self.poisoned:
            raise Poison
        if header.customer_id in self.erased:
            raise customer_erased(header.customer_id)
        self.given[header.customer_id].append(header.seq)
        self.event_ids.append(header.event_id)
        self.labels[header.customer_id] = current_labels()

    async def has(self, customer_id: str, *sequences: int) -> bool:
        return self.given[customer_id] == [*sequences]

    async def has_read(self, customer_id: str, seq: int) -> bool:
        return (await self.cursors.get(AREA, customer_id)).seq == seq


async def _no_heads(_updated_since: datetime, _page_token: str) -> HeadsPage:
    raise OwnerAway(AREA)


@asynccontextmanager
async def reader_of(
    opened: OpenShop, *, prefix: str, hears_heads: bool = True, tracer: Tracer | None = None
) -> AsyncIterator[Reader]:
    """Give a reader with a database of its own; its consumer is the caller's to run."""
    name = f"{prefix}_reader"
    own = database(opened.client, name)
    await migrate(own, (), new_epoch="epo_reader")
    try:
        yield Reader(opened=opened, database=own, group=f"{prefix}.reader", hears_heads=hears_heads, tracer=tracer)
    finally:
        await opened.client.drop_database(name)
