"""What the door and a channel count of calls: by kind of channel, by reason, tries again, streams that are open."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import grpc
from prometheus_client import CollectorRegistry

from deploy.local.keys import Keys, write_service_token
from libs.errors import dependency_unavailable, failed_precondition
from libs.rpc.client import service_channel
from libs.telemetry.metrics import ClientMetrics
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from tests.libs.rpc.opened_door import ASK, GET_CART, OpenedDoor, as_channel, opened_door, refused
from tests.libs.rpc.test_server import WATCH, add_watch


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    return registry.get_sample_value(name, labels) or 0.0


async def test_calls_are_told_apart_by_the_kind_of_channel_and_never_by_the_channel(door: OpenedDoor) -> None:
    for channel in ("web-shop", "store-042", "store-042"):
        await door.stub.GetCart(ASK, metadata=as_channel(door.keys, channel), timeout=20)
    await refused(door.stub.GetCart(ASK, timeout=20))  # without a token: nobody knows which kind
    calls = partial(value, door.registry, "omnithread_calls_total", method=GET_CART)
    assert [calls(channel_kind=kind, code="OK") for kind in ("WEB", "STORE")] == [1, 2]
    assert calls(channel_kind="UNKNOWN", code="UNAUTHENTICATED") == 1
    assert value(door.registry, "omnithread_call_errors_total", code="UNAUTHENTICATED", reason="TOKEN_MISSING") == 1
    assert value(door.registry, "omnithread_call_seconds_count", method=GET_CART, channel_kind="STORE") == 2
    labels = {name for family in door.registry.collect() for one in family.samples for name in one.labels.values()}
    assert not labels & {"web-shop", "store-042", "cus_1"}


async def test_a_refusal_is_counted_by_its_reason(door: OpenedDoor) -> None:
    door.will_raise(failed_precondition("CART_EMPTY", "There is nothing to check out."))
    await door.refusal()
    assert value(door.registry, "omnithread_call_errors_total", code="FAILED_PRECONDITION", reason="CART_EMPTY") == 1


async def test_tries_again_are_counted_where_they_arrive_and_once_where_they_were_made(door: OpenedDoor) -> None:
    tries = 0

    async def third_time(request: GetCartRequest) -> GetCartResponse:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise dependency_unavailable("database")
        return GetCartResponse()

    door.will(third_time)
    calling = CollectorRegistry()
    async with service_channel(
        f"127.0.0.1:{door.server.port}",
        token_file=write_service_token(door.keys.state, "messaging"),
        metrics=ClientMetrics(calling),
    ) as channel:
        await CartServiceStub(channel).GetCart(ASK)
    assert value(door.registry, "omnithread_calls_retried_total", method=GET_CART, channel_kind="SYSTEM") == 2
    assert value(calling, "omnithread_client_calls_total", area="cart", method=GET_CART, code="OK") == 1
    assert value(calling, "omnithread_client_call_seconds_count", area="cart") == 1


async def test_an_open_stream_is_seen_while_it_is_open_and_is_no_slow_call(keys: Keys) -> None:
    async def for_ever(_request: GetCartRequest, _context: object) -> AsyncIterator[GetCartResponse]:
        yield GetCartResponse()
        await asyncio.Event().wait()

    async with opened_door(keys, more=[partial(add_watch, for_ever)]) as door:
        call: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = door.channel.unary_stream(WATCH)
        stream = call(ASK.SerializeToString(), metadata=as_channel(door.keys, "web-shop"))
        assert await stream.read() == b""
        assert value(door.registry, "omnithread_streams_open", method=WATCH) == 1
        stream.cancel()
        async with asyncio.timeout(30):
            while value(door.registry, "omnithread_streams_open", method=WATCH):
                await asyncio.sleep(0.01)
        assert door.counted("CANCELLED", WATCH) == 1
        assert value(door.registry, "omnithread_call_seconds_count", method=WATCH, channel_kind="WEB") == 0
