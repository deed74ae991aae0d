"""A channel's program that watches: its stream breaks, and it misses nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from google.type.money_pb2 import Money
from grpc import RpcError, StatusCode, aio

import omnithread
from libs.ids import new_id
from libs.serving import serving
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from omnithread.context.v1.context_pb2 import SECTION_CART
from omnithread.context.v1.watch_service_pb2 import WatchCustomerContextRequest
from omnithread.context.v1.watch_service_pb2_grpc import WatchServiceStub
from omnithread.errors import ErrorDetails
from omnithread.live import LiveContext
from omnithread.tokens import TokenSource
from omnithread.watching import Attempts, Watch
from services.aggregator.service import SERVICE as AGGREGATOR
from tests.services.running import LOOPBACK, Services
from tests.silent_server import silent_server

WAIT_SECONDS = 60


def purse(customer_id: str, sku: str) -> AddItemRequest:
    price = Money(currency_code="EUR", units=89)
    return AddItemRequest(customer_id=customer_id, sku=sku, name="Purse", unit_price=price, quantity=1)


def skus(live: LiveContext) -> list[str]:
    return [line.sku for line in live.context.cart.cart.lines]


async def until_in_cart(lives: AsyncGenerator[LiveContext, None], *wanted: str) -> LiveContext:
    async with asyncio.timeout(WAIT_SECONDS):
        async for live in lives:
            if skus(live) == [*wanted]:
                return live
    raise AssertionError(wanted)


async def new_customer(services: Services) -> str:
    return (await services.connect("web-shop").start_session([omnithread.cookie(new_id("visitor"))])).customer_id


async def test_what_happened_while_the_replica_was_restarted_is_not_missed(services: Services) -> None:
    shop, customer_id = services.connect("web-shop"), await new_customer(services)
    at = services.addresses["aggregator"]
    connected: list[bool] = []
    async with serving(AGGREGATOR, services.settings(AGGREGATOR)) as first:
        address = f"{LOOPBACK}:{first.port}"
        where = omnithread.Addresses(at, at, at, at, address)
        suite = omnithread.connect(where, token=services.token("store-042"), plaintext=True)
        lives = suite.watch_context(customer_id, sections=[SECTION_CART], on_connection=connected.append)
        assert (await until_in_cart(lives)).snapshot
        await shop.cart.AddItem(purse(customer_id, "PURSE-1"))
        assert not (await until_in_cart(lives, "PURSE-1")).snapshot
    async with suite, aclosing(lives):
        await shop.cart.AddItem(purse(customer_id, "PURSE-2"))
        async with serving(AGGREGATOR, services.settings(AGGREGATOR, listen=address)):
            live = await until_in_cart(lives, "PURSE-1", "PURSE-2")
            assert (live.snapshot, live.changed_sections) == (False, (SECTION_CART,))
            assert connected == [True, False, True]


async def test_who_does_not_exist_is_told_so_once(services: Services) -> None:
    with pytest.raises(RpcError) as refused:
        await until_in_cart(services.connect("web-shop").watch_context("cus_nobody"))
    assert omnithread.details_of(refused.value).reason == "CUSTOMER_NOT_FOUND"


async def test_a_stream_that_says_nothing_is_given_up() -> None:
    connected: list[bool] = []
    broken = asyncio.Event()

    def on_connection(is_connected: bool) -> None:
        connected.append(is_connected)
        broken.set()

    async with silent_server() as port, aio.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        watch = Watch(
            WatchServiceStub(channel),
            WatchCustomerContextRequest(customer_id="mia"),
            tokens=None,
            changed_sections_only=False,
            on_connection=on_connection,
            silence_seconds=0.2,
        )
        waiting = asyncio.create_task(anext(watch.updates()))
        async with asyncio.timeout(WAIT_SECONDS):
            await broken.wait()
        waiting.cancel()
        await asyncio.wait({waiting})
    assert connected == [False]


def test_pauses_grow_and_are_short_again_after_a_word() -> None:
    attempts = Attempts()
    pauses = [attempts.pause_seconds(lambda: 1.0) for _ in range(8)]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    attempts.heard()
    assert attempts.pause_seconds(lambda: 0.0) == 0.1


def watch_with(tokens: TokenSource | None) -> Watch:
    return Watch(
        WatchServiceStub(aio.insecure_channel(f"{LOOPBACK}:1")),
        WatchCustomerContextRequest(customer_id="mia"),
        tokens=tokens,
        changed_sections_only=False,
        on_connection=None,
    )


def failed(code: StatusCode, reason: str = "") -> ErrorDetails:
    return ErrorDetails(code=code, reason=reason, domain="", message="", metadata={}, fields=())


@pytest.mark.parametrize("reason", ["TOKEN_EXPIRED", "TOKEN_INVALID"])
async def test_a_token_that_is_refused_is_fetched_again_once(reason: str) -> None:
    expired = failed(StatusCode.UNAUTHENTICATED, reason)
    watch = watch_with(TokenSource(lambda: "a fresh one"))
    assert watch.may_go_on(expired)
    watch.attempts.pause_seconds()
    assert not watch.may_go_on(expired)
    watch.attempts.heard()
    watch.attempts.pause_seconds()  # the connection broke, and meanwhile the token ran out
    assert watch.may_go_on(expired)
    assert not watch.may_go_on(expired)
    assert not watch_with(TokenSource("the only one")).may_go_on(expired)


async def test_what_will_not_pass_is_told_and_what_will_is_not() -> None:
    watch, full = watch_with(None), failed(StatusCode.RESOURCE_EXHAUSTED, "WATCH_LIMIT")
    overrun = failed(StatusCode.RESOURCE_EXHAUSTED)  # of grpc itself: too many calls at once
    assert watch.may_go_on(failed(StatusCode.UNAVAILABLE, "WATCH_STOPPED"))
    assert watch.may_go_on(failed(StatusCode.CANCELLED))
    assert not watch.may_go_on(failed(StatusCode.ABORTED, "WATCH_PARTED"))
    assert watch.may_go_on(failed(StatusCode.ABORTED, "CONFLICT"))
    assert not watch.may_go_on(full)
    assert not watch.may_go_on(overrun)
    watch.attempts.heard()
    assert watch.may_go_on(full)
    assert watch.may_go_on(overrun)
