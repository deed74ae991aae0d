"""What becomes of streams: limits, tokens that run out, replicas that stop, and callers who take nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest

import omnithread
from libs.serving import Running, serving
from omnithread.context.v1 import context_pb2 as context
from omnithread.context.v1 import watch_service_pb2 as pb
from omnithread.context.v1.watch_service_pb2_grpc import WatchServiceStub
from services.aggregator.service import SERVICE as AGGREGATOR
from tests.services.aggregator.company import Company, item, visitor
from tests.services.aggregator.watching.eyes import skus, watching
from tests.services.calls import until
from tests.services.running import LOOPBACK

CART = [context.SECTION_CART]


@asynccontextmanager
async def replica(company: Company, *, clock: Any = None, **settings: Any) -> AsyncIterator[Running]:
    """Serve another replica of the aggregator while inside; the company goes on calling its own."""
    given = company.services.settings(AGGREGATOR, **settings)
    async with serving(AGGREGATOR, given, **({"clock": clock} if clock else {})) as running:
        yield running


@asynccontextmanager
async def at(company: Company, running: Running, channel: str = "store-042") -> AsyncIterator[omnithread.Omnithread]:
    where = omnithread.Addresses.one(f"{LOOPBACK}:{running.port}")
    async with omnithread.connect(where, token=company.services.token(channel), plaintext=True) as suite:
        yield suite


def counted(running: Running, name: str, **labels: str) -> float:
    return running.registry.get_sample_value(name, labels) or 0.0


async def new_customer(company: Company) -> str:
    return (await company.web.start_session([visitor()])).customer_id


@pytest.fixture(scope="module")
async def small(company: Company) -> AsyncIterator[Running]:
    """Give a replica that bears little, and is impatient."""
    limits = {"most_watchers": 3, "most_channel_watchers": 2, "most_customer_watchers": 2}
    async with replica(company, watch_write_seconds=1.0, **limits) as running:
        yield running


async def test_no_more_may_watch_than_the_replica_bears(company: Company, small: Running) -> None:
    mia = await new_customer(company)
    left = counted(small, "omnithread_watch_ended_total", reason="left")
    async with at(company, small) as store, at(company, small, "web-shop") as web:
        async with watching(store, mia, sections=CART) as one, watching(web, mia, sections=CART) as other:
            for eyes in (one, other):
                await eyes.sees(lambda update: update.snapshot)
            async with watching(web, mia, sections=CART) as third:
                refused = await third.ended()
                assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "WATCH_LIMIT")
                assert dict(refused.metadata) == {"limit": "customer", "most": "2"}
            assert counted(small, "omnithread_watchers") == 2

        async def is_empty() -> bool:
            return counted(small, "omnithread_watchers") == 0

        await until(is_empty)
        async with watching(web, mia, sections=CART) as again:
            await again.sees(lambda update: update.snapshot)
        await until(is_empty)
    assert counted(small, "omnithread_watch_ended_total", reason="left") == left + 3


async def test_a_stream_ends_when_its_callers_token_runs_out(company: Company) -> None:
    ahead = timedelta()

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    customer_id = await new_customer(company)
    async with replica(company, clock=clock) as running, at(company, running) as store:
        async with watching(store, customer_id, sections=CART) as eyes:
            await eyes.sees(lambda update: update.snapshot)
            ahead = timedelta(days=400)
            await company.web.cart.AddItem(item(customer_id))
            ended = await eyes.ended()
            assert (ended.code, ended.reason) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")
            assert len(eyes.updates) == 1
        assert counted(running, "omnithread_watch_ended_total", reason="token") == 1


async def test_a_replica_that_stops_sends_its_watchers_to_another_at_once(company: Company) -> None:
    customer_id = await new_customer(company)
    stoppable = AsyncExitStack()
    running = await stoppable.enter_async_context(replica(company, drain_seconds=60))
    async with at(company, running) as store, watching(store, customer_id, sections=CART) as eyes:
        await eyes.sees(lambda update: update.snapshot)
        token, began = eyes.token, asyncio.get_running_loop().time()
        await stoppable.aclose()
        assert asyncio.get_running_loop().time() - began < 30  # the drain was not waited for
        ended = await eyes.ended()
        assert (ended.code, ended.reason) == (grpc.StatusCode.UNAVAILABLE, "WATCH_STOPPED")
    assert counted(running, "omnithread_watch_ended_total", reason="stopped") == 1
    async with watching(company.store, customer_id, sections=CART, resume_token=token) as eyes:
        await eyes.until(lambda eyes: eyes.heartbeats == 1)


async def test_what_one_replica_was_told_the_watchers_of_another_see(company: Company, small: Running) -> None:
    customer_id = await new_customer(company)
    async with at(company, small) as store:
        async with watching(store, customer_id) as eyes:
            await eyes.sees(lambda update: update.snapshot)
            await company.web.cart.AddItem(item(customer_id))
            await eyes.sees(lambda update: skus(update) == ["boots"])

            async def is_timed() -> bool:  # not what was looked at when the replica began to listen
                await company.web.cart.AddItem(item(customer_id))
                return counted(small, "omnithread_watch_change_seconds_count") >= 1

            await until(is_timed)
        assert counted(small, "omnithread_watch_updates_total") >= 2


async def test_who_takes_nothing_is_cut_off_and_others_are_told(company: Company, small: Running) -> None:
    customer_id = await new_customer(company)
    narrow = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1024))
    async with (
        at(company, small) as store,
        grpc.aio.insecure_channel(f"{LOOPBACK}:{small.port}", options=narrow) as channel,
    ):
        token = company.services.token("web-shop")
        asleep = WatchServiceStub(channel).WatchCustomerContext(
            pb.WatchCustomerContextRequest(customer_id=customer_id), metadata=[("authorization", f"Bearer {token}")]
        )
        assert isinstance(await asleep.read(), pb.WatchCustomerContextResponse)

        async def is_cut() -> bool:
            await company.web.cart.AddItem(item(customer_id))
            await asyncio.sleep(0.2)  # events have to be taken away too
            return counted(small, "omnithread_watch_ended_total", reason="stuck") == 1

        many = [item(customer_id, f"a-sku-with-quite-a-long-name-indeed-{number}") for number in range(30)]
        await asyncio.gather(*(company.web.cart.AddItem(one) for one in many))
        await until(is_cut)
        async with watching(store, customer_id) as eyes:
            await eyes.sees(lambda update: len(skus(update)) == 31)
        asleep.cancel()
