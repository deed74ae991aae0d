"""One of several replicas says nothing any more: the others are called, and none is taken for silent with it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import grpc

from deploy.local.authority import ensure_authority
from deploy.local.keys import Keys, write_service_token
from libs.clock import system_clock
from libs.rpc.certificates import Certificates
from libs.rpc.client import INTERNAL_PORT_OPTIONS, service_channel
from libs.rpc.pulse import Pulse
from libs.rpc.server import INTERNAL_PING_INTERVAL_MS
from omnithread.cart.v1.cart_internal_service_pb2 import ReplayEventsRequest
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from tests.libs.rpc.opened_door import opened_door
from tests.proxies.tcp import Proxy

REPLAY = ReplayEventsRequest(customer_id="cus_1", after_seq=0)
SOON_SECONDS = 10.0
"""Half of this on a machine that does nothing else."""


async def test_calls_go_to_the_others_within_seconds(keys: Keys, tmp_path: Path) -> None:
    authority = ensure_authority(tmp_path / "tls", ("cart", "aggregator"), now=system_clock())
    own = Certificates(authority.files_of("cart"))
    async with AsyncExitStack() as stack:
        doors = [await stack.enter_async_context(opened_door(keys, certificates=own)) for _ in range(2)]
        lives, freezes = [
            await stack.enter_async_context(Proxy.to(f"127.0.0.1:{door.server.internal_port}")) for door in doors
        ]
        channel = await stack.enter_async_context(
            service_channel(
                f"ipv4:{lives.address},{freezes.address}",
                service="cart",
                certificates=Certificates(authority.files_of("aggregator")),
                token_file=write_service_token(keys.state, "aggregator"),
            )
        )
        stub = CartInternalServiceStub(channel)
        for _ in range(20):
            await stub.ReplayEvents(REPLAY, timeout=20)
        await asyncio.sleep(1.0)  # pings with which grpc measures the network are answered: none of them tells of it
        freezes.freeze()
        frozen_at, in_a_row = time.monotonic(), 0
        while in_a_row < 20:
            assert time.monotonic() - frozen_at < SOON_SECONDS
            try:
                await stub.ReplayEvents(REPLAY, timeout=SOON_SECONDS)
            except grpc.aio.AioRpcError:
                in_a_row = 0
            else:
                in_a_row += 1


class UnderWay:
    """A call that gets no answer."""

    def __init__(self) -> None:
        self.is_cut = False

    def cancel(self) -> bool:
        self.is_cut = True
        return True


def in_turn(*replicas: Callable[[], Awaitable[bool]]) -> Callable[[], Awaitable[bool]]:
    asked = 0

    async def check() -> bool:
        nonlocal asked
        asked += 1
        return await replicas[asked % len(replicas)]()

    return check


async def frozen() -> bool:
    await asyncio.sleep(3600)
    return False


async def lively() -> bool:
    return True


async def test_a_check_that_only_the_frozen_one_got_makes_nobody_silent() -> None:
    pulse, call = Pulse(in_turn(lively, frozen)), UnderWay()  # the first check goes to the frozen one
    pulse.began(call)
    await asyncio.sleep(1.5)
    assert not pulse.is_silent
    assert not call.is_cut
    pulse.close()


async def test_where_all_are_frozen_they_are_silent() -> None:
    pulse, call = Pulse(in_turn(frozen, frozen)), UnderWay()
    pulse.began(call)
    async with asyncio.timeout(20):
        while not call.is_cut:
            await asyncio.sleep(0.05)
    assert pulse.is_silent
    pulse.close()


def test_services_ping_no_more_often_than_the_internal_port_takes() -> None:
    assert dict(INTERNAL_PORT_OPTIONS)["grpc.keepalive_time_ms"] > INTERNAL_PING_INTERVAL_MS
