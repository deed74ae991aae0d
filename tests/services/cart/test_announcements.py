"""What the other services hear of a cart, in order and complete."""

from omnithread.cart.v1 import cart_internal_service_pb2 as internal_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from tests.services.calls import stamped
from tests.services.cart.shop import Shop, item, money, pickup


async def test_every_change_is_announced_in_order_with_who_and_where(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    first = stamped(item(customer_id, quantity=2))
    added = await shop.web.AddItem(first)
    await shop.web.AddItem(item(customer_id, quantity=1))
    await shop.store.SetItemQuantity(pb.SetItemQuantityRequest(customer_id=customer_id, sku="shoe", quantity=5))
    await shop.store.RemoveItem(pb.RemoveItemRequest(customer_id=customer_id, sku="shoe"))
    await shop.web.AddItem(item(customer_id, "boot"))
    await shop.web.AddItem(item(customer_id, "sock"))
    await shop.web.ClearCart(pb.ClearCartRequest(customer_id=customer_id))
    await shop.web.AddItem(item(customer_id, "sock", 2))
    paid = await shop.store.Checkout(pickup(customer_id))

    events = await shop.events(customer_id)
    assert [event.WhichOneof("payload") for event in events] == [
        "item_added",
        "item_added",
        "item_quantity_set",
        "item_removed",
        "item_added",
        "item_added",
        "cart_cleared",
        "item_added",
        "cart_checked_out",
    ]
    assert [event.header.seq for event in events] == list(range(1, 10))
    assert [event.header.version for event in events] == list(range(1, 10))
    assert {event.header.customer_id for event in events} == {customer_id}
    assert {event.header.epoch for event in events} == {paid.head.epoch}
    assert {event.cart_id for event in events} == {added.cart.cart_id}
    assert len({event.header.event_id for event in events}) == 9

    assert (events[0].header.channel.id, events[0].header.channel.kind) == ("web-shop", CHANNEL_KIND_WEB)
    assert (events[2].header.channel.id, events[2].header.channel.kind) == ("store-042", CHANNEL_KIND_STORE)
    assert (events[0].header.actor_id, events[2].header.actor_id) == ("", "anna")
    assert events[0].header.occur_time == first.issue_time

    again = events[1].item_added
    assert (again.line_id, again.sku, again.quantity, again.line_quantity) == (added.line_id, "shoe", 1, 3)
    assert again.unit_price == money(89, 900_000_000)
    assert (events[2].item_quantity_set.old_quantity, events[2].item_quantity_set.quantity) == (3, 5)
    assert (events[3].item_removed.line_id, events[3].item_removed.old_quantity) == (added.line_id, 5)
    assert events[6].cart_cleared.line_count == 2
    checked_out = events[8].cart_checked_out
    assert (checked_out.order_id, list(checked_out.skus), checked_out.store_id) == (
        paid.order.order_id,
        ["sock"],
        "store-042",
    )
    assert (checked_out.total, checked_out.line_count) == (paid.order.total, 1)


async def test_a_change_that_changes_nothing_announces_nothing(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.ClearCart(pb.ClearCartRequest(customer_id=customer_id))
    await shop.web.AddItem(item(customer_id, quantity=2))
    same = await shop.web.SetItemQuantity(pb.SetItemQuantityRequest(customer_id=customer_id, sku="shoe", quantity=2))
    assert (same.cart.version, same.head.seq) == (3, 1)


async def test_a_reader_that_missed_some_gets_the_rest(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    for _ in range(5):
        await shop.web.AddItem(item(customer_id))
    request = internal_pb.ReplayEventsRequest(customer_id=customer_id, after_seq=2, page_size=2)
    answer = await shop.internal.ReplayEvents(request)
    assert ([event.header.seq for event in answer.events], answer.head.seq) == ([3, 4], 5)


async def test_a_changed_cart_is_among_the_heads(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    added = await shop.web.AddItem(item(customer_id))
    heads: dict[str, int] = {}
    token = ""
    while True:
        page = await shop.internal.ListHeads(
            internal_pb.ListHeadsRequest(updated_since=added.cart.update_time, page_size=1, page_token=token)
        )
        heads |= {head.customer_id: head.seq for head in page.heads}
        token = page.next_page_token
        if not token:
            break
    assert heads[customer_id] == 1
    assert page.epoch == added.head.epoch
