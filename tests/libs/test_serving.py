"""A service in this process: started on what it needs, refused without it, stopped in order."""

import asyncio
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import grpc
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.keys import Keys, ensure_keys
from libs.founding import NotMigrated
from libs.process import migrate, new_epoch
from libs.service import Foundation, Parts
from libs.serving import serving
from libs.settings import ServiceSettings
from omnithread.cart.v1.cart_service_pb2 import GetCartRequest, GetCartResponse
from omnithread.cart.v1.cart_service_pb2_grpc import (
    CartServiceServicer,
    CartServiceStub,
    add_CartServiceServicer_to_server,
)
from tests.libs.rpc.opened_door import CHANNELS, as_channel
from tests.libs.tiny_service import TINY, build


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return ensure_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def settings(keys: Keys, mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> ServiceSettings:
    return ServiceSettings(
        mongo_uri=mongo_uri,
        mongo_database=unique_prefix,
        kafka_bootstrap_servers=kafka_bootstrap,
        topic_prefix=unique_prefix,
        jwks_file=keys.jwks_file,
        channels_file=CHANNELS,
        port_file=tmp_path / "ports",
        metrics_listen="127.0.0.1:0",
    )


async def cart(port: int, keys: Keys, customer_id: str = "cus_1") -> GetCartResponse:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        request = GetCartRequest(customer_id=customer_id)
        return await CartServiceStub(channel).GetCart(request, metadata=as_channel(keys, "web-shop"), timeout=20)


async def test_a_database_that_was_not_migrated_is_refused_with_what_to_do(settings: ServiceSettings) -> None:
    with pytest.raises(NotMigrated) as caught:
        async with serving(TINY, settings):
            pass
    assert "the index idle_time_1 of records" in str(caught.value)
    assert "python -m services.cart migrate" in str(caught.value)


async def test_the_topic_is_made_with_as_many_partitions_as_are_set(settings: ServiceSettings) -> None:
    await migrate(TINY, settings.model_copy(update={"kafka_partitions": 5}))
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    [topic] = await admin.describe_topics([settings.topic(TINY.area)])
    await admin.close()
    assert len(topic["partitions"]) == 5


async def test_a_migrated_service_serves_and_says_where(settings: ServiceSettings, keys: Keys) -> None:
    await migrate(TINY, settings)
    await migrate(TINY, settings)
    async with serving(TINY, settings) as running:
        assert (await cart(running.port, keys)).cart.customer_id == "cus_1"
        assert settings.port_file is not None
        assert settings.port_file.read_text() == f"{running.port}\n{running.health_port}\n"
        counted = running.registry.get_sample_value(
            "omnithread_calls_total",
            {"method": "/omnithread.cart.v1.CartService/GetCart", "channel_kind": "WEB", "code": "OK"},
        )
        assert counted == 1
    with pytest.raises(grpc.aio.AioRpcError):
        await cart(running.port, keys)


async def test_a_new_epoch_is_what_the_next_start_sees(settings: ServiceSettings, keys: Keys) -> None:
    await migrate(TINY, settings)
    epochs = []
    for _ in range(2):
        async with serving(TINY, settings) as running:
            epochs.append((await cart(running.port, keys)).cart.cart_id)
        await new_epoch(TINY, settings)
    assert len(set(epochs)) == 2
    assert all(epoch.startswith("epo_") for epoch in epochs)


async def test_everything_runs_while_it_serves_and_ends_in_order(settings: ServiceSettings, keys: Keys) -> None:
    story: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def until_cancelled(what: str) -> None:
        story.append(what)
        try:
            await asyncio.Event().wait()
        finally:
            story.append(f"no longer {what}")

    async def closed() -> None:
        story.append("closed")

    class Listener:
        async def run(self) -> None:
            await until_cancelled("listening")

    class SlowCarts(CartServiceServicer):
        async def GetCart(self, _request: GetCartRequest, _context: object) -> GetCartResponse:  # noqa: N802
            begun.set()
            await go_on.wait()
            story.append("answered")
            return GetCartResponse()

    async def busy(_settings: ServiceSettings, _foundation: Foundation) -> Parts:
        carts = SlowCarts()  # type: ignore[abstract]  # the others are left out
        return Parts(
            registrations=[partial(add_CartServiceServicer_to_server, carts)],
            consumers=[Listener()],
            sweeps={"cart-sweep": lambda: until_cancelled("sweeping")},
            close=closed,
        )

    await migrate(TINY, settings)
    async with serving(replace(TINY, build=busy), settings) as running:
        last = asyncio.create_task(cart(running.port, keys))
        await asyncio.wait_for(begun.wait(), 30)
        asyncio.get_running_loop().call_later(0.2, go_on.set)  # while it is stopping
    assert await last == GetCartResponse()
    assert set(story[:2]) == {"listening", "sweeping"}
    assert story[2] == "answered"
    assert set(story[3:5]) == {"no longer listening", "no longer sweeping"}
    assert story[5:] == ["closed"]


async def test_a_stop_is_over_in_time_although_nothing_of_it_ends(settings: ServiceSettings, keys: Keys) -> None:
    begun, release = asyncio.Event(), asyncio.Event()

    async def until_released() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await release.wait()

    class StuckCarts(CartServiceServicer):
        async def GetCart(self, _request: GetCartRequest, _context: object) -> GetCartResponse:  # noqa: N802
            begun.set()
            await until_released()
            return GetCartResponse()

    async def busy(_settings: ServiceSettings, _foundation: Foundation) -> Parts:
        carts = StuckCarts()  # type: ignore[abstract]  # the others are left out
        return Parts(
            registrations=[partial(add_CartServiceServicer_to_server, carts)], sweeps={"cart-sweep": until_released}
        )

    await migrate(TINY, settings)
    drain_seconds = 0.5
    async with serving(
        replace(TINY, build=busy), settings.model_copy(update={"drain_seconds": drain_seconds})
    ) as running:
        last = asyncio.create_task(cart(running.port, keys))
        await asyncio.wait_for(begun.wait(), 30)
        began = time.monotonic()
    assert time.monotonic() - began < drain_seconds + 5
    release.set()
    with pytest.raises(grpc.aio.AioRpcError):
        await last


async def test_background_work_that_fails_is_started_again(settings: ServiceSettings) -> None:
    tries = asyncio.Queue[int]()

    async def fail() -> None:
        tries.put_nowait(1)
        raise ValueError("broken")

    async def busy(given: ServiceSettings, foundation: Foundation) -> Parts:
        return replace(await build(given, foundation), sweeps={"cart-sweep": fail})

    await migrate(TINY, settings)
    async with serving(replace(TINY, build=busy), settings):
        async with asyncio.timeout(30):
            for _ in range(2):
                await tries.get()
