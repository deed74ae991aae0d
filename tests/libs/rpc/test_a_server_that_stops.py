"""A server stops while calls wait there to be taken in: grpc cancels them, and our clients send them again."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

import omnithread
from deploy.local.keys import Keys, write_service_token
from libs.rpc.client import service_channel
from omnithread.addresses import one_address
from omnithread.cart.v1.cart_service_pb2 import GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceStub
from omnithread.options import CHANNEL_OPTIONS
from tests.libs.rpc.opened_door import ASK, OpenedDoor, as_channel, opened_door

CALLS = 16
"""All or half of them to the one that stops: more than it takes in at once, by less than a client may send again."""
WAITING_SECONDS = 0.5
ROUNDS = 3
"""Who is connected first gets all calls: in some rounds it is the one that stays."""
MOST_ROUNDS = 20
Client = Callable[[list[OpenedDoor]], Awaitable[Counter[str]]]


async def said(call: Awaitable[object]) -> str:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


def address_of(doors: list[OpenedDoor]) -> str:
    return one_address([f"127.0.0.1:{door.server.port}" for door in doors])


async def without_the_package(doors: list[OpenedDoor]) -> Counter[str]:
    async with grpc.aio.insecure_channel(address_of(doors), options=CHANNEL_OPTIONS) as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/omnithread.cart.v1.CartService/GetCart"
        )
        known = as_channel(doors[0].keys, "web-shop")

        async def ask() -> bytes:
            return await call(ASK.SerializeToString(), metadata=known, timeout=30)

        return Counter(await asyncio.gather(*(said(ask()) for _ in range(CALLS))))


async def with_the_package(doors: list[OpenedDoor]) -> Counter[str]:
    token = str(as_channel(doors[0].keys, "web-shop")[0][1]).removeprefix("Bearer ")
    async with omnithread.connect(address_of(doors), token=token, plaintext=True, timeout_seconds=30) as suite:
        return Counter(await asyncio.gather(*(said(suite.cart.GetCart(ASK)) for _ in range(CALLS))))


async def with_the_blocking_package(doors: list[OpenedDoor]) -> Counter[str]:
    token = str(as_channel(doors[0].keys, "web-shop")[0][1]).removeprefix("Bearer ")
    with omnithread.connect_sync(address_of(doors), token=token, plaintext=True, timeout_seconds=30) as suite:

        def ask(_: int) -> str:
            try:
                suite.cart.GetCart(ASK)
            except grpc.RpcError as error:
                return omnithread.details_of(error).code.name
            return "OK"

        with ThreadPoolExecutor(CALLS) as pool:
            return Counter(pool.map(ask, range(CALLS)))


async def from_another_service(doors: list[OpenedDoor]) -> Counter[str]:
    channel = service_channel(address_of(doors), token_file=write_service_token(doors[0].keys.state, "messaging"))
    async with channel:
        stub = CartServiceStub(channel)
        return Counter(await asyncio.gather(*(said(stub.GetCart(ASK, timeout=30)) for _ in range(CALLS))))


async def told_by(client: Client, keys: Keys) -> Counter[str]:
    """Call two replicas, of which one stops while its loop has been busy for so long that calls wait for it."""

    async def answer(_request: object) -> GetCartResponse:
        return GetCartResponse()

    async with opened_door(keys) as stopping, opened_door(keys) as staying:
        doors = [stopping, staying]
        for door in doors:
            door.will(answer)
        asking = asyncio.create_task(asyncio.to_thread(lambda: asyncio.run(_run(client, doors))))
        await asyncio.sleep(0)
        time.sleep(WAITING_SECONDS)  # noqa: ASYNC251  that the loop is busy is what this is about
        await stopping.server.stop(5)
        return await asking


async def _run(client: Client, doors: list[OpenedDoor]) -> Counter[str]:
    return await client(doors)


async def test_grpc_cancels_what_waits_at_a_server_that_stops(keys: Keys) -> None:
    """If this fails for good, grpc has learned to say UNAVAILABLE here, and CANCELLED needs no care any more."""
    for _ in range(MOST_ROUNDS):
        if (await told_by(without_the_package, keys))["CANCELLED"]:
            return
    pytest.fail("no call was cancelled")


@pytest.mark.parametrize(
    "client",
    [
        pytest.param(with_the_package, id="asyncio"),
        pytest.param(with_the_blocking_package, id="blocking"),
        pytest.param(from_another_service, id="service"),
    ],
)
async def test_our_clients_send_again_what_a_stopping_server_cancelled(keys: Keys, client: Client) -> None:
    for _ in range(ROUNDS):
        assert await told_by(client, keys) == {"OK": CALLS}
