"""Two replicas of cart behind one address: each stops and comes back under load, and no call of a channel fails."""

import asyncio
import time
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import grpc
from google.type.money_pb2 import Money

import omnithread
from deploy.local.ports import free_port
from deploy.local.suite import RECONNECT_SECONDS
from libs.process import migrate
from libs.serving import serving
from omnithread.addresses import one_address
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest, GetCartRequest
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest
from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.running import CALL_TIMEOUT_SECONDS, LOOPBACK, Services

EXIT_SECONDS = 10.0
CALLERS = 4


async def test_each_replica_stops_and_comes_back_under_load_and_no_call_fails(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path
) -> None:
    ports = [free_port(), free_port()]
    errors, added, stop = Counter[str](), Counter[str](), asyncio.Event()
    async with (
        Services(
            mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
        ) as services,
        AsyncExitStack() as opened,
    ):
        await services.start(PROFILE)
        await migrate(CART, services.settings(CART))
        profile = services.connect("web-shop").profile
        who = await profile.Identify(IdentifyRequest(identifiers=[omnithread.cookie("visitor-two-replicas")]))
        customer_id = who.profile.customer_id

        async def replica(port: int) -> AsyncExitStack:
            stack = await opened.enter_async_context(AsyncExitStack())
            given = services.settings(CART, listen=f"{LOOPBACK}:{port}", drain_seconds=5.0)
            await stack.enter_async_context(serving(CART, given))
            return stack

        running = [await replica(port) for port in ports]
        shop = await opened.enter_async_context(
            omnithread.connect(
                one_address([f"{LOOPBACK}:{port}" for port in ports]),
                token=services.token("web-shop"),
                plaintext=True,
                timeout_seconds=CALL_TIMEOUT_SECONDS,
            )
        )
        calls = [asyncio.create_task(_call(shop, customer_id, str(one), added, errors, stop)) for one in range(CALLERS)]
        for place, port in enumerate(ports):
            begun = time.monotonic()
            await running[place].aclose()
            assert time.monotonic() - begun < EXIT_SECONDS
            running[place] = await replica(port)
            await asyncio.sleep(RECONNECT_SECONDS)
        stop.set()
        await asyncio.gather(*calls)
        cart = (await shop.cart.GetCart(GetCartRequest(customer_id=customer_id))).cart
    assert errors == {}
    assert {line.sku: line.quantity for line in cart.lines} == added
    assert min(added.values()) > 0


async def _call(
    shop: omnithread.Omnithread,
    customer_id: str,
    sku: str,
    added: Counter[str],
    errors: Counter[str],
    stop: asyncio.Event,
) -> None:
    """Add and read without a pause; what the client package does not put right is an error."""
    price = Money(currency_code="EUR", units=1)
    add = AddItemRequest(customer_id=customer_id, sku=sku, name=sku, unit_price=price, quantity=1)
    while not stop.is_set():
        try:
            await shop.cart.AddItem(add)
            added[sku] += 1
            await shop.cart.GetCart(GetCartRequest(customer_id=customer_id))
        except grpc.aio.AioRpcError as error:
            errors[str(omnithread.details_of(error))] += 1
