"""A service gets one replica more: who calls it by a name that leads to all of them finds the new one by itself."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from deploy.local.authority import ensure_authority
from deploy.local.keys import Keys, write_service_token
from deploy.local.ports import free_port
from libs.clock import system_clock
from libs.rpc.certificates import Certificates
from libs.rpc.client import service_channel
from omnithread.cart.v1.cart_internal_service_pb2 import ReplayEventsRequest
from omnithread.cart.v1.cart_internal_service_pb2_grpc import CartInternalServiceStub
from tests.libs.rpc.name_server import name_server
from tests.libs.rpc.opened_door import OpenedDoor, opened_door

REPLAY = ReplayEventsRequest(customer_id="cus_1", after_seq=0)
METHOD = "/omnithread.cart.v1.CartInternalService/ReplayEvents"
SHARE_SECONDS = 60.0
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")


@asynccontextmanager
async def host(address: str, port: int, door: OpenedDoor) -> AsyncIterator[None]:
    """Have a replica answer at an address of its own, and at the port that all replicas have."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", door.server.internal_port)
        async with asyncio.TaskGroup() as ways:
            ways.create_task(_copy(reader, back))
            ways.create_task(_copy(there, writer))

    server = await asyncio.start_server(hand_on, address, port)
    try:
        yield
    finally:
        server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def test_a_third_replica_has_its_share_of_the_calls_within_a_minute(keys: Keys, tmp_path: Path) -> None:
    authority = ensure_authority(tmp_path / "tls", ("cart", "aggregator"), now=system_clock())
    port = free_port()
    async with AsyncExitStack() as stack:
        own = Certificates(authority.files_of("cart"))
        doors = [await stack.enter_async_context(opened_door(keys, certificates=own)) for _ in HOSTS]
        names = await stack.enter_async_context(name_server(HOSTS[:2]))
        channel = await stack.enter_async_context(
            service_channel(
                f"dns://127.0.0.1:{names.port}/cart.example.com:{port}",
                service="cart",
                certificates=Certificates(authority.files_of("aggregator")),
                token_file=write_service_token(keys.state, "aggregator"),
            )
        )
        for address, door in zip(HOSTS, doors, strict=True):
            await stack.enter_async_context(host(address, port, door))
        stub = CartInternalServiceStub(channel)

        async def ask(times: int) -> Counter[int]:
            before = [door.counted("OK", METHOD) for door in doors]
            for _ in range(times):
                await stub.ReplayEvents(REPLAY, timeout=20)
            after = [door.counted("OK", METHOD) for door in doors]
            return Counter(
                {place: round(now - then) for place, (now, then) in enumerate(zip(after, before, strict=True))}
            )

        await ask(20)  # both are connected now
        assert (await ask(20))[2] == 0
        names.addresses[:] = HOSTS
        began = time.monotonic()
        while (shares := await ask(30))[2] < 8:
            assert time.monotonic() - began < SHARE_SECONDS, shares
            await asyncio.sleep(0.5)
        assert min(shares.values()) >= 8
