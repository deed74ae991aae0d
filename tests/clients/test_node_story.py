"""A web shop in Node, with gRPC and our protos only, does what the client package does; another channel looks on."""

import asyncio
from pathlib import Path

import grpc

import omnithread
from deploy.demo.actor import Actor
from deploy.demo.views import LoginTold, View
from deploy.local.suite import Suite
from omnithread.cart.v1.order_service_pb2 import ListOrdersRequest
from omnithread.preference.v1.preference_service_pb2 import ListConsentRecordsRequest
from tests.clients.node_shop import NEEDS_NODE, Called, node_shop
from tests.clients.visitors import PURSE, SCARF, Visitor, purse_for

pytestmark = NEEDS_NODE
ROUNDS = 6
MOST_CALLS = 20


async def test_a_guest_looks_fills_a_cart_is_recognised_and_orders_and_each_is_so_once_on_every_channel(
    shop: Actor, store: omnithread.Omnithread, visitor: Visitor
) -> None:
    known = await store.start_session([omnithread.email(visitor.email, verified=True)], given_name="Anna")
    guest = await shop.act(View, "put_into_cart", sku=PURSE)
    assert (guest.name, guest.quantity(PURSE)) == ("", 1)
    [viewed] = (await visitor.context()).context.journey.viewed_products
    assert (viewed.sku, viewed.view_count, viewed.last_channel.id) == (PURSE, 1, "web-shop")

    hers = await shop.act(View, "log_in", cookie=visitor.cookie, email=visitor.email)
    assert (hers.customer_id, hers.name, hers.quantity(PURSE)) == (known.customer_id, "Anna", 1)
    [merge] = (await visitor.context()).context.profile.merges
    assert merge.source_customer_id == visitor.customer_id
    login = await shop.act(LoginTold, "explain_login")
    assert ("cart", f"cart line {PURSE}", "kept") in {(one.area, one.thing, one.action) for one in login.outcomes}

    await shop.act(View, "choose_reminders", language="de", time_zone="Europe/Berlin")
    consents = await store.preference.ListConsentRecords(ListConsentRecordsRequest(customer_id=known.customer_id))
    assert [record.purpose for record in consents.records] == ["cart_reminder"]

    bought = await shop.act(Called, "check_out", customer_id=known.customer_id)
    order_id = bought.answer["order"]["order_id"]
    seen = await shop.act(View, "look")
    assert ([order.order_id for order in seen.orders], seen.lines) == ([order_id], [])
    section = (await visitor.context()).context.cart
    assert [order.order_id for order in section.recent_orders] == [order_id]
    assert not section.cart.lines
    [order] = (await store.orders.ListOrders(ListOrdersRequest(customer_id=known.customer_id))).orders
    assert [(line.sku, line.quantity) for line in order.lines] == [(PURSE, 1)]
    assert (order.total.units, order.payment_reference, order.channel.id) == (129, "node-shop-1", "web-shop")


async def test_the_very_next_read_has_what_the_other_channel_just_saved_both_ways(
    shop: Actor, visitor: Visitor
) -> None:
    for count in range(1, ROUNDS + 1):
        await visitor.add(SCARF)
        assert (await shop.act(View, "look")).quantity(SCARF) == count
        await shop.act(View, "put_into_cart", sku=PURSE)
        lines = (await visitor.context()).context.cart.cart.lines
        assert {line.sku: line.quantity for line in lines} == {SCARF: count, PURSE: count}


async def test_who_changes_what_an_old_page_shows_is_refused_reads_again_and_is_right(
    shop: Actor, visitor: Visitor
) -> None:
    await visitor.add(SCARF)
    page = await shop.act(Called, "show_cart", customer_id=visitor.customer_id)
    await visitor.set_pieces(SCARF, 5)
    stale = {"customer_id": visitor.customer_id, "sku": SCARF, "quantity": 2, "etag": page.answer["etag"]}
    called = await shop.act(Called, "call", stub="carts", method="SetItemQuantity", request=stale)
    refused = called.refusal
    assert (refused.code, refused.reason, refused.domain) == ("ABORTED", "ETAG_MISMATCH", "cart.omnithread")
    assert [one.tried for one in called.tries] == [1]
    assert await visitor.pieces(SCARF) == 5
    await shop.act(Called, "one_more", customer_id=visitor.customer_id, sku=SCARF)
    assert await visitor.pieces(SCARF) == 6


async def test_two_channels_that_count_up_one_line_at_once_lose_nothing(shop: Actor, visitor: Visitor) -> None:
    await visitor.add(SCARF)

    async def at_the_till() -> None:
        done = 0
        while done < ROUNDS:
            cart = await visitor.cart()
            try:
                await visitor.set_pieces(SCARF, cart.lines[0].quantity + 1, etag=cart.etag)
                done += 1
            except grpc.RpcError as error:
                if omnithread.details_of(error).reason != "ETAG_MISMATCH":
                    raise

    async def in_the_shop() -> None:
        await shop.act(Called, "show_cart", customer_id=visitor.customer_id)
        for _ in range(ROUNDS):
            await shop.act(Called, "one_more", customer_id=visitor.customer_id, sku=SCARF)

    await asyncio.gather(at_the_till(), in_the_shop())
    assert await visitor.pieces(SCARF) == 1 + 2 * ROUNDS


async def test_a_refusal_tells_its_reason_its_owner_and_what_is_dynamic(shop: Actor, visitor: Visitor) -> None:
    await visitor.add(SCARF)
    francs = purse_for(visitor.customer_id, unit_price={"currency_code": "CHF", "units": 140})
    refused = (await shop.act(Called, "call", stub="carts", method="AddItem", request=francs)).refusal
    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "CURRENCY_MISMATCH")
    assert (refused.domain, refused.metadata) == ("cart.omnithread", {"currency_code": "EUR"})
    assert await visitor.pieces(PURSE) == 0


async def test_a_refusal_names_each_field_at_fault(shop: Actor, visitor: Visitor) -> None:
    wrong = purse_for(visitor.customer_id, sku="", quantity=0)
    refused = (await shop.act(Called, "call", stub="carts", method="AddItem", request=wrong)).refusal
    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert {one.field for one in refused.fields} == {"sku", "quantity"}
    assert all(one.description for one in refused.fields)


async def test_who_calls_too_often_sends_again_after_the_time_that_it_is_told_and_each_is_done_once(
    running: Suite, tmp_path: Path, visitor: Visitor
) -> None:
    async with node_shop(running, tmp_path, channel="kiosk") as kiosk:
        for count in range(1, MOST_CALLS + 1):
            wanted = purse_for(visitor.customer_id)
            called = await kiosk.act(Called, "call", stub="carts", method="AddItem", request=wanted)
            assert called.refused is None
            assert await visitor.pieces(PURSE) == count
            if "RATE_LIMITED" in {one.reason for one in called.tries}:
                return
    raise AssertionError("it was never too often")
