"""What channels can do with carts and orders, over the wire."""

import asyncio
from typing import TYPE_CHECKING

from grpc import StatusCode

from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1 import order_service_pb2 as order_pb
from omnithread.cart.v1.cart_pb2 import CART_STATE_ACTIVE, Cart
from omnithread.cart.v1.order_pb2 import Order
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from services.cart.service import SERVICE as CART
from tests.services.calls import refusal, stamped
from tests.services.cart.shop import Shop, item, money, pickup, shop_at, sized
from tests.services.running import NOBODY, Services

if TYPE_CHECKING:
    from omnithread.cart.v1.cart_service_pb2_grpc import CartServiceAsyncStub


async def test_what_is_put_in_on_the_web_is_there_in_the_store(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    request = item(
        customer_id, quantity=2, attributes=sized("42"), image_uri="https://shop.example/1.png", link_uri="https://x"
    )
    added = await shop.web.AddItem(request)
    seen = await shop.store.GetCart(pb.GetCartRequest(customer_id=customer_id))
    assert seen.cart == added.cart
    assert seen.head == added.head
    (line,) = seen.cart.lines
    assert (line.line_id, line.sku, line.name, line.quantity) == (added.line_id, "shoe", "The shoe", 2)
    assert (line.unit_price, line.line_total, seen.cart.subtotal) == (
        money(89, 900_000_000),
        money(179, 800_000_000),
        money(179, 800_000_000),
    )
    assert (line.image_uri, line.link_uri, list(line.attributes)) == (
        request.image_uri,
        request.link_uri,
        list(request.attributes),
    )
    assert (line.channel.id, line.channel.kind) == ("web-shop", CHANNEL_KIND_WEB)
    assert (seen.cart.customer_id, seen.cart.currency_code, seen.cart.version) == (customer_id, "CHF", 1)
    assert seen.cart.idle_due_time.seconds - seen.cart.update_time.seconds == 3600


async def test_somebody_who_never_put_anything_in_has_an_empty_cart(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    seen = await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))
    assert seen.cart == Cart(customer_id=customer_id, etag=seen.cart.etag, state=CART_STATE_ACTIVE)
    assert seen.head.seq == 0


async def test_a_till_that_knows_only_the_sku_changes_and_removes_the_line(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, quantity=2))
    changed = await shop.store.SetItemQuantity(
        pb.SetItemQuantityRequest(customer_id=customer_id, sku="shoe", quantity=5, expected_quantity=2)
    )
    assert [line.quantity for line in changed.cart.lines] == [5]
    assert (changed.cart.last_channel.id, changed.cart.last_channel.kind) == ("store-042", CHANNEL_KIND_STORE)
    removed = await shop.store.RemoveItem(pb.RemoveItemRequest(customer_id=customer_id, sku="shoe"))
    assert (list(removed.cart.lines), removed.cart.HasField("subtotal")) == ([], False)


async def test_clearing_a_cart_keeps_its_id(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    added = await shop.web.AddItem(item(customer_id))
    cleared = await shop.web.ClearCart(pb.ClearCartRequest(customer_id=customer_id, etag=added.cart.etag))
    assert (list(cleared.cart.lines), cleared.cart.cart_id) == ([], added.cart.cart_id)


async def test_two_channels_add_the_same_item_at_two_replicas_and_all_count(shop: Shop, another_replica: Shop) -> None:
    customer_id = await shop.new_customer()

    async def keep_adding(channel: "CartServiceAsyncStub") -> None:
        for _ in range(30):
            await channel.AddItem(item(customer_id))

    await asyncio.gather(keep_adding(shop.web), keep_adding(another_replica.store))
    cart = await shop.cart(customer_id)
    assert [(line.sku, line.quantity) for line in cart.lines] == [("shoe", 60)]
    assert cart.subtotal == money(5_394)


async def test_a_retry_is_answered_with_the_same_line_and_adds_nothing(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    request = stamped(item(customer_id))
    first = await shop.web.AddItem(request)
    await shop.store.AddItem(item(customer_id, "sock"))
    again = await shop.web.AddItem(request)
    assert (first.replayed, again.replayed, again.line_id) == (False, True, first.line_id)
    assert [(line.sku, line.quantity) for line in again.cart.lines] == [("shoe", 1), ("sock", 1)]


async def test_checkout_makes_an_order_that_every_channel_finds(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, quantity=2))
    before = (await shop.web.AddItem(item(customer_id, "sock"))).cart
    request = stamped(pickup(customer_id, etag=before.etag, payment_reference="pay-1"))
    paid = await shop.store.Checkout(request)
    order = paid.order
    assert (list(order.lines), order.total, order.cart_id) == (list(before.lines), before.subtotal, before.cart_id)
    assert (order.pickup.store_id, order.payment_reference, order.channel.id) == ("store-042", "pay-1", "store-042")
    assert (list(paid.cart.lines), paid.cart.HasField("idle_due_time")) == ([], False)
    assert paid.cart.cart_id not in {"", before.cart_id}

    again = await shop.store.Checkout(request)
    assert (again.replayed, again.order) == (True, order)
    read = await shop.at_web.orders.GetOrder(order_pb.GetOrderRequest(customer_id=customer_id, order_id=order.order_id))
    assert read.order == order
    seen = await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))
    (summary,) = seen.recent_orders
    assert (summary.order_id, summary.total, summary.line_count, summary.store_id) == (
        order.order_id,
        order.total,
        2,
        "store-042",
    )


async def test_an_order_to_be_sent_says_so(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    paid = await shop.web.Checkout(pb.CheckoutRequest(customer_id=customer_id, delivery=pb.DeliveryChoice()))
    assert paid.order.WhichOneof("fulfilment") == "delivery"


async def test_orders_are_listed_newest_first_page_by_page(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    placed = []
    for number in range(7):
        await shop.web.AddItem(item(customer_id, f"sku-{number}"))
        placed.append((await shop.web.Checkout(pickup(customer_id))).order)
    listed: list[Order] = []
    token = ""
    while True:
        page = await shop.at_store.orders.ListOrders(
            order_pb.ListOrdersRequest(customer_id=customer_id, page_size=3, page_token=token)
        )
        assert len(page.orders) <= 3
        listed += page.orders
        token = page.next_page_token
        if not token:
            break
    assert listed == placed[::-1]
    recent = (await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))).recent_orders
    assert [order.order_id for order in recent] == [order.order_id for order in listed[:5]]

    first = await shop.at_store.orders.ListOrders(order_pb.ListOrdersRequest(customer_id=customer_id, page_size=3))
    other = order_pb.ListOrdersRequest(customer_id=await shop.new_customer(), page_token=first.next_page_token)
    refused = await refusal(shop.at_store.orders.ListOrders(other))
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")


async def test_many_carts_come_in_the_order_asked_without_those_that_do_not_exist(shop: Shop) -> None:
    one, two, empty = [await shop.new_customer() for _ in range(3)]
    await shop.web.AddItem(item(one, quantity=1))
    await shop.web.AddItem(item(two, quantity=2))
    await shop.web.Checkout(pickup(two))
    asked = [two, "cus_nobody", empty, one]
    answer = await shop.web.BatchGetCarts(pb.BatchGetCartsRequest(customer_ids=asked))
    assert [entry.requested_customer_id for entry in answer.carts] == [two, one]
    assert [len(entry.recent_orders) for entry in answer.carts] == [1, 0]
    assert answer.carts[1].cart == await shop.cart(one)
    assert [entry.head.seq for entry in answer.carts] == [2, 1]


async def test_while_profile_is_away_known_customers_shop_on_and_new_ones_are_asked_to_try_again(
    services: Services, shop: Shop
) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id))
    lonely = shop_at(services, await services.start(CART, profile_address=NOBODY))
    added = await lonely.web.AddItem(item(customer_id))
    assert [line.quantity for line in added.cart.lines] == [2]
    seen = await lonely.web.GetCart(pb.GetCartRequest(customer_id="cus_new"))
    assert seen.cart.customer_id == "cus_new"
    refused = await refusal(lonely.bare.AddItem(stamped(item("cus_new"))))
    assert (refused.code, refused.reason) == (StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
    assert refused.metadata == {"dependency": "profile"}
