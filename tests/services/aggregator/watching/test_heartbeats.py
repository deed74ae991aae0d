"""Whoever watches hears something within each period, whatever is read meanwhile."""

import asyncio
import random
from contextlib import aclosing

import grpc
from prometheus_client import CollectorRegistry

from libs.rpc.call import CURRENT_CALL, Call, Caller
from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1.context_pb2 import SECTION_CART
from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceStub
from services.aggregator.context import ContextRead, assemble
from services.aggregator.subject import Subject
from services.aggregator.watching.lineage import Lineage
from services.aggregator.watching.metrics import WatchMetrics
from services.aggregator.watching.operations import Watching, Wish
from services.aggregator.watching.rounds import Pace, Rounds
from services.aggregator.watching.watchers import Limits, Watchers
from tests.services.aggregator.samples import NOON

WAIT_SECONDS = 60
CART = frozenset({SECTION_CART})


class Unchanged:
    """Gives the same context whenever it is read."""

    async def read(self, customer_id: str, **_: object) -> ContextRead:
        heads = {"profile": Head(epoch="e", seq=1)}
        return ContextRead(assemble(customer_id, [], wanted=CART), heads=heads)


async def test_a_heartbeat_comes_also_while_it_is_read_again_and_again_and_nothing_differs() -> None:
    watchers, registry = Watchers(Limits(1, 1, 1)), WatchMetrics(CollectorRegistry())
    rounds = Rounds(
        watchers=watchers,
        reader=Unchanged(),
        pace=Pace(read_seconds=5, look_seconds=86_400),
        metrics=registry,
        clock=lambda: NOON,
        random=random.Random(1),
    )
    call = Call(Caller(channel_id="web-shop", channel_kind=1))
    CURRENT_CALL.set(call)

    async def read_again_and_again() -> None:
        while True:
            for group in watchers.groups():
                rounds.want(group)
            await asyncio.sleep(0.01)

    async with grpc.aio.insecure_channel("127.0.0.1:1") as nowhere:
        lineage = Lineage(ProfileInternalServiceStub(nowhere))
        watching = Watching(watchers, rounds, lineage, registry, lambda: NOON)
        wish = Wish(Subject.of("mia", CART, call.caller), False, heartbeat_seconds=1.0, seen=None)
        async with aclosing(watching.watch(wish, call)) as responses:
            assert (await anext(responses)).update.snapshot
            reading = asyncio.create_task(read_again_and_again())
            try:
                async with asyncio.timeout(WAIT_SECONDS):
                    assert (await anext(responses)).HasField("heartbeat")
            finally:
                reading.cancel()
                await asyncio.wait({reading})
    await rounds.stop()
