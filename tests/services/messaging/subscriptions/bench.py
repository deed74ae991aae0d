"""Posting without a service around it: a worker over a database, in this process or in one that can be killed.

`python -m tests.services.messaging.subscriptions.bench <mongo uri> <database>` is a worker until it is killed.
"""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.ids import new_id
from libs.mongo.connection import Database, connect
from libs.mongo.connection import database as named_database
from libs.mongo.documents import Documents
from libs.origin import Origin, Stamp
from libs.timestamps import to_timestamp
from libs.webhooks.addresses import AddressRules, networks_from
from libs.webhooks.client import WebhookClient, WebhookTimeouts
from omnithread.cart.v1.cart_events_pb2 import CartEvent, ItemAdded
from omnithread.common.v1.event_pb2 import EventHeader
from services.messaging.subscriptions.book import SubscriptionBook
from services.messaging.subscriptions.deliveries import Deliveries
from services.messaging.subscriptions.dispatcher import Dispatcher
from services.messaging.subscriptions.health import Healths
from services.messaging.subscriptions.metrics import HookMetrics
from services.messaging.subscriptions.operations import Subscriptions
from services.messaging.subscriptions.posting import Poster
from services.messaging.subscriptions.store import SUBSCRIPTION_SHAPE, SUBSCRIPTIONS, new_delivery
from services.messaging.subscriptions.values import Wanted

RULES = AddressRules(allow_http=True, allowed_networks=networks_from(["127.0.0.0/8"]))


@dataclass
class Bench:
    """The parts over one database, and a clock that a test sets forward."""

    database: Database
    ahead: timedelta = timedelta(0)
    lease: timedelta = timedelta(seconds=60)
    retry_first: timedelta = timedelta(milliseconds=20)
    tracer: Tracer | None = None
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.documents = Documents(
            database=self.database,
            collection=SUBSCRIPTIONS,
            shape=SUBSCRIPTION_SHAPE,
            clock=self.clock,
            random=random.Random(1),
        )
        self.book = SubscriptionBook(self.documents)
        self.deliveries = Deliveries(self.database)
        self.healths = Healths(self.database)
        self.metrics = HookMetrics(self.registry)
        self.subscriptions = Subscriptions(
            documents=self.documents, healths=self.healths, rules=RULES, clock=self.clock, new_id=new_id
        )

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def subscribe(self, name: str, url: str) -> str:
        """Subscribe to everything; give what deliveries name it by."""
        stamp = Stamp.internal(new_id("req"), Origin.system("test"))
        outcome = await self.subscriptions.put(name, Wanted(url=url, event_types=("*",)), etag="", stamp=stamp)
        return outcome.saved.state.hook_id

    async def lay_out(self, hook_id: str, customer_id: str, *seqs: int) -> None:
        """Let a customer's events wait for a receiver, whether they did already or not."""
        now = self.clock()
        await self.deliveries.add(
            [new_delivery(hook_id, "cart", "cart.item_added", event(customer_id, seq), now) for seq in seqs]
        )

    @asynccontextmanager
    async def worker(self, *, timeouts: WebhookTimeouts | None = None) -> AsyncIterator[Dispatcher]:
        """Let one work."""
        client = WebhookClient(rules=RULES, timeouts=timeouts)
        poster = Poster(
            deliveries=self.deliveries,
            healths=self.healths,
            client=client,
            metrics=self.metrics,
            clock=self.clock,
            new_id=new_id,
            random=random.Random(1),
            lease=self.lease,
            retry_first=self.retry_first,
            tracer=self.tracer,
        )
        dispatcher = Dispatcher(
            book=self.book,
            deliveries=self.deliveries,
            healths=self.healths,
            poster=poster,
            clock=self.clock,
            every_seconds=0.05,
        )
        task = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await client.close()


def event(customer_id: str, seq: int) -> CartEvent:
    """One of a customer's events."""
    now = to_timestamp(datetime.now(UTC))
    header = EventHeader(
        event_id=f"evt_{customer_id}_{seq}", customer_id=customer_id, seq=seq, occur_time=now, record_time=now
    )
    return CartEvent(header=header, item_added=ItemAdded(sku="TEA-1"))


async def _work(uri: str, name: str) -> None:
    bench = Bench(named_database(connect(uri, app_name="tests"), name))
    async with bench.worker():
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_work(*sys.argv[1:]))
