"""A small owner of events: real records, a real internal service, a real relay; its customers only count their bags."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import grpc.aio
from google.protobuf.message import Message
from opentelemetry.trace import Tracer
from pymongo.errors import PyMongoError

from libs.clock import system_clock
from libs.errors import overloaded
from libs.events.kafka import KafkaAccess
from libs.events.relay import Relay, no_overload
from libs.events.replay_service import answer_heads, answer_replay
from libs.events.streams import Stream, internal_stream
from libs.ids import new_id
from libs.mongo.connection import Client, Database, connect, database
from libs.mongo.migrate import migrate
from libs.mongo.record import Decision, Member, Records, RecordShape, Saved
from libs.mongo.relay_store import RelayStore
from libs.origin import Origin, Stamp
from libs.rpc.status import to_wire
from omnithread.cart.v1 import cart_internal_service_pb2 as pb
from omnithread.cart.v1.cart_events_pb2 import CartEvent, ItemAdded
from omnithread.cart.v1.cart_internal_service_pb2_grpc import (
    CartInternalServiceServicer,
    CartInternalServiceStub,
    add_CartInternalServiceServicer_to_server,
)
from omnithread.common.v1 import channel_pb2, event_pb2

AREA = "cart"
BAGS = "bags"
WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Shelf:
    count: int


@dataclass(frozen=True, slots=True)
class BagAdded:
    number: int
    collection: str
    at: datetime


def _to_event(event: BagAdded, header: event_pb2.EventHeader) -> Message:
    return CartEvent(header=header, cart_id="crt_1", item_added=ItemAdded(sku=f"bag-{event.number}", quantity=1))


SHAPE: RecordShape[Shelf, BagAdded] = RecordShape(
    empty=lambda _customer_id: Shelf(count=0),
    to_fields=lambda shelf: {"count": shelf.count},
    from_document=lambda document: Shelf(count=document["count"]),
    to_event=_to_event,
    members=lambda event: (
        Member(event.collection, f"bag-{event.number}-{event.at.timestamp()}", {"sort_time": event.at}),
    ),
)


class Shop:
    """One replica of the owner."""

    def __init__(self, *, database: Database, kafka: KafkaAccess, topic: str, epoch: str) -> None:
        self.database = database
        self.kafka = kafka
        self.topic = topic
        self.relay = self.new_relay()
        self.records = Records(
            database=database,
            shape=SHAPE,
            clock=system_clock,
            new_id=new_id,
            epoch=epoch,
            admit=None,
            on_saved=self._nudge,
            random=random.Random(7),
        )
        self._numbers = itertools.count()

    def _nudge(self, customer_id: str) -> None:
        self.relay.nudge(customer_id)  # whichever it is by now

    def new_relay(
        self,
        store: RelayStore | None = None,
        *,
        tracer: Tracer | None = None,
        calm: Callable[[], Awaitable[None]] = no_overload,
    ) -> Relay:
        """Another replica's relay, or this one's after a crash."""
        return Relay(
            store=store or RelayStore(self.database),
            kafka=self.kafka,
            topic=self.topic,
            clock=system_clock,
            calm=calm,
            tracer=tracer,
        )

    async def add_bag(self, customer_id: str, *, collection: str = BAGS, origin: Origin | None = None) -> None:
        """One command, with one event and one member of a long list."""
        origin = origin or Origin(channel_id="web-shop", channel_kind=channel_pb2.CHANNEL_KIND_WEB)
        stamp = Stamp(request_id=new_id("req"), body_hash=b"", issue_time=None, origin=origin)

        def decide(saved: Saved[Shelf]) -> Decision[Shelf, BagAdded]:
            count = saved.state.count + 1
            return Decision(state=Shelf(count), events=(BagAdded(next(self._numbers), collection, system_clock()),))

        await self.records.run(customer_id, stamp, decide)

    async def sequences_kept(self, customer_id: str) -> list[int]:
        found = self.database["events"].find({"customer_id": customer_id}).sort("seq", 1)
        return [document["seq"] async for document in found]

    async def outboxes(self) -> int:
        return await self.database["records"].count_documents({"outbox.seq": {"$gt": 0}})

    async def pending(self) -> int:
        return await self.database["events"].count_documents({"pending_since": {"$exists": True}})


class ShopInternal(CartInternalServiceServicer):
    """Answers readers. `away` makes it answer like a process that is just starting, `busy` like an overloaded one."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.away = False
        self.busy = False
        self.replays = 0

    async def ReplayEvents(  # noqa: N802  the contract's name, as below
        self, request: pb.ReplayEventsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ReplayEventsResponse:
        await self._be_here(context)
        self.replays += 1
        return await answer_replay(
            self.shop.records, request, event_type=CartEvent, response_type=pb.ReplayEventsResponse
        )

    async def ListHeads(  # noqa: N802
        self, request: pb.ListHeadsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ListHeadsResponse:
        await self._be_here(context)
        return await answer_heads(
            self.shop.records, request, area=AREA, response_type=pb.ListHeadsResponse, clock=system_clock
        )

    async def _be_here(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        if self.away:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "starting")
        if self.busy:
            await context.abort(*to_wire(overloaded(retry_seconds=0.1), domain="cart.omnithread"))


@dataclass(frozen=True, slots=True)
class OpenShop:
    """The owner with everything around it."""

    shop: Shop
    internal: ShopInternal
    stream: Stream
    client: Client


@asynccontextmanager
async def open_shop(*, mongo_uri: str, kafka: KafkaAccess, prefix: str) -> AsyncIterator[OpenShop]:
    """Run an owner with a database and topic of its own; its relay is the caller's to run."""
    client = connect(mongo_uri, app_name="shop")
    server = grpc.aio.server()
    try:
        owned = database(client, f"{prefix}_shop")
        epoch = await migrate(owned, (), new_epoch=new_id("epo"))
        shop = Shop(database=owned, kafka=kafka, topic=f"{prefix}.cart", epoch=epoch)
        internal = ShopInternal(shop)  # type: ignore[abstract]  # the others are left out
        add_CartInternalServiceServicer_to_server(internal, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            stream = internal_stream(
                AREA, CartInternalServiceStub(channel), topic=shop.topic, event_type=CartEvent, messages=pb
            )
            yield OpenShop(shop=shop, internal=internal, stream=stream, client=client)
    finally:
        await server.stop(None)
        with suppress(PyMongoError):  # on a busy machine it takes long; the end of the run takes away what is left
            await client.drop_database(f"{prefix}_shop")
        client.close()


@asynccontextmanager
async def running(*works: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Run these until the block ends; a failure of theirs is a failure of the test."""
    tasks = [asyncio.ensure_future(work()) for work in works]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[bool]], *, what: str) -> None:
    """Wait for something to become true."""
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while not await condition():
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"never: {what}") from None
