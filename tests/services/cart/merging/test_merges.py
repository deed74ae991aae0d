"""What becomes of carts and orders when two customers turn out to be one, over the wire."""

import asyncio
from dataclasses import replace

from grpc import StatusCode

from libs.ids import new_id
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1 import order_service_pb2 as order_pb
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_COOKIE, IDENTIFIER_KIND_EMAIL, Identifier
from omnithread.profile.v1.profile_service_pb2 import IdentifyRequest, IdentifyResponse
from tests.services.calls import refusal, stamped, until
from tests.services.cart.samples import article
from tests.services.cart.shop import Shop, item, money, pickup
from tests.services.cart.stocking import stock
from tests.services.running import Services


async def test_a_guests_cart_and_orders_are_the_known_customers_from_then_on(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(guest, "boot"))
    early = (await shop.web.Checkout(pickup(guest))).order
    await shop.web.AddItem(item(guest, quantity=2))
    await shop.store.AddItem(item(known, quantity=3))
    late = (await shop.store.Checkout(pickup(known))).order
    await shop.store.AddItem(item(known, quantity=3))

    answer = await shop.absorb("mrg_1", guest, known)
    assert answer.absorbed_now
    for asked in (guest, known):
        seen = await shop.web.GetCart(pb.GetCartRequest(customer_id=asked))
        assert (seen.cart.customer_id, seen.head) == (known, answer.head)
        assert [(line.sku, line.quantity) for line in seen.cart.lines] == [("shoe", 5)]
        assert [order.order_id for order in seen.recent_orders] == [late.order_id, early.order_id]
        listed = await shop.at_web.orders.ListOrders(order_pb.ListOrdersRequest(customer_id=asked))
        assert [(order.order_id, order.customer_id) for order in listed.orders] == [
            (late.order_id, known),
            (early.order_id, known),
        ]
        read = await shop.at_web.orders.GetOrder(order_pb.GetOrderRequest(customer_id=asked, order_id=early.order_id))
        assert (read.order.customer_id, list(read.order.lines)) == (known, list(early.lines))


async def test_absorbing_twice_and_at_once_adds_once(shop: Shop, another_replica: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(guest))
    await shop.web.AddItem(item(known))
    answers = await asyncio.gather(*(replica.absorb("mrg_1", guest, known) for replica in (shop, another_replica) * 4))
    assert sum(answer.absorbed_now for answer in answers) <= 1
    assert [line.quantity for line in (await shop.cart(known)).lines] == [2]
    assert not (await shop.absorb("mrg_1", guest, known)).absorbed_now
    assert [event.WhichOneof("payload") for event in await shop.events(guest)] == ["item_added", "cart_sealed"]
    assert [event.WhichOneof("payload") for event in await shop.events(known)] == ["item_added", "cart_absorbed"]


async def test_what_is_added_to_the_guest_while_two_become_one_is_not_lost(shop: Shop, another_replica: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(known))

    async def keep_adding() -> None:
        for _ in range(20):
            await another_replica.web.AddItem(item(guest))

    adding = asyncio.create_task(keep_adding())
    await until(lambda: shop.events(guest))
    await shop.absorb("mrg_1", guest, known)
    await adding
    assert [line.quantity for line in (await shop.cart(known)).lines] == [21]


async def test_a_retry_addressed_to_the_guest_is_not_run_again_at_the_survivor(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    request = stamped(item(guest, quantity=2))
    first = await shop.web.AddItem(request)
    await shop.absorb("mrg_1", guest, known)
    again = await shop.web.AddItem(request)
    assert (again.replayed, again.line_id, again.cart.customer_id) == (True, first.line_id, known)
    assert [line.quantity for line in again.cart.lines] == [2]


async def test_another_currency_is_kept_beside_the_cart_until_it_is_removed(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    euro = await shop.web.AddItem(item(guest, "boot", unit_price=money(0, 0, "EUR")))
    await shop.web.AddItem(item(known))
    await shop.absorb("mrg_1", guest, known)
    cart = await shop.cart(known)
    assert [line.sku for line in cart.lines] == ["shoe"]
    assert list(cart.set_aside_lines) == list(euro.cart.lines)
    absorbed = (await shop.events(known))[-1].cart_absorbed
    assert (absorbed.merge_id, absorbed.source_customer_id) == ("mrg_1", guest)
    assert (absorbed.line_count, absorbed.set_aside_line_count) == (0, 1)

    paid = await shop.web.Checkout(pickup(known))
    assert [line.sku for line in paid.order.lines] == ["shoe"]
    assert list(paid.cart.set_aside_lines) == list(euro.cart.lines)
    removed = await shop.web.RemoveItem(pb.RemoveItemRequest(customer_id=known, line_id=euro.line_id))
    assert list(removed.cart.set_aside_lines) == []


async def test_customers_without_carts_are_merged_too(shop: Shop) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    await shop.absorb("mrg_1", guest, known)
    assert (await shop.web.AddItem(item(guest))).cart.customer_id == known


async def test_two_large_carts_become_one_full_one_and_nothing_is_lost(
    services: Services, mongo_uri: str, shop: Shop
) -> None:
    guest, known = await shop.new_customer(), await shop.new_customer()
    for customer_id in (guest, known):
        wordy = [
            replace(article(f"{customer_id[-6:]}-{number}"), image_uri="i" * 500, link_uri="l" * 500)
            for number in range(105)
        ]
        await stock(services, mongo_uri, customer_id, wordy)
    await shop.absorb("mrg_1", guest, known)
    cart = await shop.cart(known)
    assert (len(cart.lines), len(cart.set_aside_lines)) == (200, 10)

    refused = await refusal(shop.web.AddItem(item(known, "one-more")))
    assert (refused.code, refused.reason) == (StatusCode.FAILED_PRECONDITION, "LINE_LIMIT")
    assert refused.metadata == {"limit": "200"}
    assert await shop.cart(known) == cart

    cleared = await shop.web.ClearCart(pb.ClearCartRequest(customer_id=known))
    assert len(cleared.cart.set_aside_lines) == 10


async def test_where_nobody_asks_the_cart_follows_profiles_event(shop: Shop) -> None:
    cookie = Identifier(kind=IDENTIFIER_KIND_COOKIE, value=new_id("visitor"))
    email = Identifier(kind=IDENTIFIER_KIND_EMAIL, value=f"{new_id('maria')}@example.com", verified=True)
    guest = await identified(shop, cookie)
    known = await identified(shop, email)
    await shop.web.AddItem(item(guest.profile.customer_id, quantity=2))
    await shop.web.AddItem(item(known.profile.customer_id, quantity=3))
    merged = await identified(shop, cookie, email)
    survivor = merged.profile.customer_id

    async def one_cart() -> bool:
        return [line.quantity for line in (await shop.cart(survivor)).lines] == [5]

    async def done_with_it() -> bool:
        pending = (await identified(shop, email)).pending_merges
        return all("cart" not in merge.pending_areas for merge in pending)

    await until(one_cart)
    await until(done_with_it)


async def identified(shop: Shop, *identifiers: Identifier) -> IdentifyResponse:
    return await shop.profile.Identify(IdentifyRequest(identifiers=identifiers))
