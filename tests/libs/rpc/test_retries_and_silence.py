"""A service that is away is not asked again and again, and one that says nothing keeps nobody waiting."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import grpc
import pytest

from deploy.local.keys import write_service_token
from libs.errors import OmnithreadError, dependency_unavailable
from libs.rpc.client import service_channel
from libs.rpc.outbound import OutboundChannel
from libs.rpc.status import error_from_rpc
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from tests.libs.rpc.opened_door import ASK, OpenedDoor
from tests.proxies.tcp import Proxy

if TYPE_CHECKING:
    from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceAsyncStub

CALLS = 100


@asynccontextmanager
async def calling(door: OpenedDoor, address: str = "") -> AsyncIterator["CartServiceAsyncStub"]:
    """Call the door as messaging does, straight or by another address."""
    channel = service_channel(
        address or f"127.0.0.1:{door.server.port}",
        token_file=write_service_token(door.keys.state, "messaging"),
        tracer=door.tracer,
    )
    async with channel:
        yield CartServiceStub(channel)


async def attempts_of(door: OpenedDoor, error: OmnithreadError) -> int:
    """Fail every call so, and give how many arrived for a hundred that were made."""
    arrived = 0

    async def fail(_request: GetCartRequest) -> GetCartResponse:
        nonlocal arrived
        arrived += 1
        raise error

    door.will(fail)
    async with calling(door) as stub:
        for _ in range(CALLS):
            with pytest.raises(grpc.aio.AioRpcError):
                await stub.GetCart(ASK)
    return arrived


async def test_in_an_outage_a_hundred_calls_make_at_most_ten_more(door: OpenedDoor) -> None:
    assert CALLS < await attempts_of(door, dependency_unavailable("mongodb")) <= 1.1 * CALLS


async def test_what_a_service_behind_has_not_answered_is_repeated_by_one_of_us_only(door: OpenedDoor) -> None:
    assert await attempts_of(door, dependency_unavailable("profile")) == CALLS


async def seconds_to_fail(stub: "CartServiceAsyncStub", timeout_seconds: float) -> tuple[float, OmnithreadError]:
    began = time.monotonic()
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await stub.GetCart(ASK, timeout=timeout_seconds)
    return time.monotonic() - began, error_from_rpc(failed.value, dependency="cart")


async def test_calls_to_one_who_falls_silent_end_soon_later_ones_at_once_and_work_again_when_it_speaks(
    door: OpenedDoor,
) -> None:
    async with Proxy.to(f"127.0.0.1:{door.server.port}") as proxy, calling(door, proxy.address) as stub:
        await stub.GetCart(ASK)
        proxy.freeze()
        under_way = await asyncio.gather(*(seconds_to_fail(stub, 30) for _ in range(5)))
        assert max(seconds for seconds, _ in under_way) < 10
        assert {error.reason for _, error in under_way} == {"DEPENDENCY_UNAVAILABLE"}
        later = [await seconds_to_fail(stub, 30) for _ in range(20)]
        assert sorted(seconds for seconds, _ in later)[-2] < 0.2
        proxy.thaw()
        thawed = time.monotonic()
        while True:
            try:
                await stub.GetCart(ASK, timeout=5)
            except grpc.aio.AioRpcError:
                assert time.monotonic() - thawed < 20
                await asyncio.sleep(0.05)
            else:
                break


async def test_one_who_takes_long_but_lives_is_waited_for(door: OpenedDoor) -> None:
    async def take_long(_request: GetCartRequest) -> GetCartResponse:
        await asyncio.sleep(1.5)
        return GetCartResponse()

    door.will(take_long)
    async with calling(door) as stub:
        assert await stub.GetCart(ASK, timeout=30) == GetCartResponse()


async def test_who_gives_up_in_the_moment_in_which_a_call_is_cut_gives_it_up(door: OpenedDoor) -> None:
    channel = service_channel(
        f"127.0.0.1:{door.server.port}", token_file=write_service_token(door.keys.state, "messaging")
    )
    assert isinstance(channel, OutboundChannel)

    async def never(_request: GetCartRequest) -> GetCartResponse:
        await asyncio.sleep(60)
        return GetCartResponse()

    door.will(never)
    async with channel:
        call = asyncio.ensure_future(CartServiceStub(channel).GetCart(ASK, timeout=60))
        pulse = channel.pulse
        while not pulse.under_way:
            await asyncio.sleep(0.01)
        pulse.cut()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_who_gives_up_a_call_to_a_silent_one_gives_it_up(door: OpenedDoor) -> None:
    async with Proxy.to(f"127.0.0.1:{door.server.port}") as proxy, calling(door, proxy.address) as stub:
        await stub.GetCart(ASK)
        proxy.freeze()
        call = asyncio.ensure_future(stub.GetCart(ASK, timeout=30))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
