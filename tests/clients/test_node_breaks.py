"""Connections are cut, streams break and tokens run out under a web shop in Node: nothing is lost, nothing comes twice.

A proxy between the shop and one service cuts; what is so afterwards, another channel says.
"""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

import omnithread
from deploy.demo.actor import Actor
from deploy.local.keys import ensure_keys, mint_channel_token
from deploy.local.suite import Suite
from libs.ids import new_id
from libs.rpc.scopes import EVERY
from tests.clients.lost_answers import LosesAnswers
from tests.clients.node_shop import NEEDS_NODE, Called, Watched, node_shop
from tests.clients.token_endpoint import token_endpoint
from tests.clients.visitors import PURSE, SCARF, Visitor, purse_for, who_comes
from tests.proxies.tcp import Proxy
from tests.running_suite import until

pytestmark = NEEDS_NODE
HEARTBEAT_SECONDS = 2
SHORT_SECONDS = 12.0
"""How long a token is good that runs out while a stream is open."""


async def test_an_answer_that_is_lost_on_the_way_is_given_again_and_the_article_is_there_once(
    running: Suite, store: omnithread.Omnithread, tmp_path: Path
) -> None:
    async with (
        LosesAnswers.to(running.services["cart"].address) as proxy,
        node_shop(running, tmp_path, at={"cart": proxy.address}) as shop,
    ):
        visitor = await who_comes(shop, store)
        await shop.act(Called, "show_cart", customer_id=visitor.customer_id)  # the connection is there
        connections = proxy.accepted
        proxy.keep_back()
        request = purse_for(visitor.customer_id)
        adding = asyncio.create_task(shop.act(Called, "call", stub="carts", method="AddItem", request=request))
        before = await until(visitor.cart, lambda cart: len(cart.lines) == 1)
        assert not adding.done()
        proxy.lose()
        added = await adding
        assert added.answer["replayed"] is True
        assert added.answer["line_id"] == before.lines[0].line_id
        assert proxy.accepted > connections
    after = await visitor.cart()
    assert (after.lines[0].quantity, after.version, after.etag) == (1, before.version, before.etag)


async def test_what_another_process_sends_again_with_id_and_time_is_done_once(
    running: Suite, tmp_path: Path, shop: Actor, visitor: Visitor
) -> None:
    kept = {"request_id": new_id("req"), "issue_time": {"seconds": int(datetime.now(UTC).timestamp()), "nanos": 0}}
    request = purse_for(visitor.customer_id, **kept)
    first = await shop.act(Called, "call", stub="carts", method="AddItem", request=request)
    async with node_shop(running, tmp_path) as other:
        again = await other.act(Called, "call", stub="carts", method="AddItem", request=request)
        reused = await other.act(Called, "call", stub="carts", method="AddItem", request={**request, "quantity": 2})
    assert (first.answer["replayed"], again.answer["replayed"]) == (False, True)
    assert again.answer["line_id"] == first.answer["line_id"]
    assert reused.refusal.reason == "REQUEST_ID_REUSED"
    assert await visitor.pieces(PURSE) == 1


async def test_a_watch_that_breaks_goes_on_where_it_was_and_misses_nothing(
    running: Suite, store: omnithread.Omnithread, tmp_path: Path
) -> None:
    async with (
        Proxy.to(running.services["aggregator"].address) as proxy,
        node_shop(running, tmp_path, at={"aggregator": proxy.address}) as shop,
    ):

        async def watched() -> Watched:
            return await shop.act(Watched, "watched")

        visitor = await who_comes(shop, store)
        await watch(shop, visitor)
        await until(watched, lambda seen: seen.count("update") == 1)
        await visitor.add(SCARF)
        await until(watched, lambda seen: seen.newest == {SCARF: 1})

        proxy.refuse()
        await until(watched, lambda seen: seen.count("broken") > 0)
        await visitor.add(SCARF)
        await visitor.add(PURSE)
        proxy.admit()
        await until(watched, lambda seen: seen.newest == {SCARF: 2, PURSE: 1})

        broken, updates = (await watched()).count("broken"), (await watched()).count("update")
        proxy.cut()
        await until(watched, lambda seen: seen.count("broken") > broken and seen.heard[-1].what == "heartbeat")
        seen = await watched()
    told = [one.quantities for one in seen.heard if one.what == "update"]
    assert told == [{}, {SCARF: 1}, {SCARF: 2, PURSE: 1}]
    assert [one.snapshot for one in seen.heard if one.what == "update"] == [True, False, False]
    assert updates == len(told), "what was seen is not told again"
    assert seen.count("over") == 0


@pytest.mark.parametrize("reason", ["TOKEN_EXPIRED", "TOKEN_INVALID"])
async def test_a_token_that_is_no_longer_good_is_refused_and_the_call_is_made_once_with_a_fresh_one(
    running: Suite, tmp_path: Path, visitor: Visitor, reason: str
) -> None:
    expired, by_a_lost_key = short_token(running, seconds=-60), mint_channel_token(another_key(tmp_path), "web-shop")
    refused = expired if reason == "TOKEN_EXPIRED" else by_a_lost_key
    async with (
        token_endpoint(refused, then=lambda: running.token("web-shop", scopes=EVERY)) as endpoint,
        node_shop(running, tmp_path, token_endpoint=endpoint.address) as shop,
    ):
        request = purse_for(visitor.customer_id)
        called = await shop.act(Called, "call", stub="carts", method="AddItem", request=request)
        later = await shop.act(
            Called, "call", stub="carts", method="GetCart", request={"customer_id": visitor.customer_id}
        )
    assert [(one.tried, one.code, one.reason) for one in called.tries] == [(1, "UNAUTHENTICATED", reason)]
    assert called.answer["replayed"] is False
    assert later.tries == []
    assert len(endpoint.given) == 2, "a token that is good is kept"
    assert await visitor.pieces(PURSE) == 1


async def test_a_watch_whose_token_runs_out_goes_on_with_a_fresh_one(
    running: Suite, tmp_path: Path, visitor: Visitor
) -> None:
    ends = time.time() + SHORT_SECONDS
    short = short_token(running, seconds=SHORT_SECONDS)
    async with (
        token_endpoint(short, then=lambda: running.token("web-shop", scopes=EVERY)) as endpoint,
        node_shop(running, tmp_path, token_endpoint=endpoint.address) as shop,
    ):

        async def watched() -> Watched:
            return await shop.act(Watched, "watched")

        await watch(shop, visitor)
        await until(watched, lambda seen: seen.count("update") == 1)
        await asyncio.sleep(max(0.0, ends - time.time()))
        await visitor.add(SCARF)
        seen = await until(watched, lambda seen: seen.newest == {SCARF: 1})
    assert [one.reason for one in seen.heard if one.what == "broken"] == ["TOKEN_EXPIRED"]
    assert [one.snapshot for one in seen.heard if one.what == "update"] == [True, False]
    assert len(endpoint.given) == 2


async def watch(shop: Actor, visitor: Visitor) -> None:
    await shop.act(
        Watched,
        "watch",
        customer_id=visitor.customer_id,
        sections=["SECTION_CART"],
        heartbeat_seconds=HEARTBEAT_SECONDS,
    )


def another_key(folder: Path) -> Path:
    """Give a folder with a key that the suite does not know, as one that was taken out."""
    return ensure_keys(folder / "another").state


def short_token(running: Suite, *, seconds: float) -> str:
    return mint_channel_token(running.keys.state, "web-shop", lifetime_seconds=seconds)
