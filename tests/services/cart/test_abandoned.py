"""A cart that nobody touches is announced, once."""

import asyncio

from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_SYSTEM
from tests.services.calls import until
from tests.services.cart.shop import Shop, item, money, pickup


async def announcements(shop: Shop, customer_id: str) -> list[CartEvent]:
    return [event for event in await shop.events(customer_id) if event.HasField("cart_abandoned")]


async def test_two_replicas_announce_an_idle_cart_once_and_again_after_it_changed(
    impatient_shops: tuple[Shop, Shop],
) -> None:
    one, other = impatient_shops
    customer_id = await one.new_customer()
    added = await one.web.AddItem(item(customer_id, quantity=2))
    (event,) = await until(lambda: announcements(one, customer_id))
    assert (event.cart_id, event.header.channel.kind) == (added.cart.cart_id, CHANNEL_KIND_SYSTEM)
    assert (event.cart_abandoned.subtotal, event.cart_abandoned.line_count) == (money(179, 800_000_000), 1)
    assert event.cart_abandoned.idle_since_time == added.cart.update_time
    assert event.header.record_time.ToDatetime() >= added.cart.idle_due_time.ToDatetime()
    assert not (await one.cart(customer_id)).HasField("idle_due_time")

    # Another cart that falls idle later, and is announced, shows that both replicas have looked again since.
    later = await other.new_customer()
    await other.web.AddItem(item(later))
    await until(lambda: announcements(other, later))
    assert len(await announcements(one, customer_id)) == 1

    await other.store.AddItem(item(customer_id, "sock"))

    async def twice() -> bool:
        return len(await announcements(other, customer_id)) == 2

    await until(twice)


async def test_a_cart_that_was_paid_is_not_announced(impatient_shops: tuple[Shop, Shop]) -> None:
    shop, _ = impatient_shops
    paid, idle = await shop.new_customer(), await shop.new_customer()
    await shop.web.AddItem(item(paid))
    await shop.store.Checkout(pickup(paid))
    before = await announcements(shop, paid)  # on a busy machine it may have lain idle before it was paid
    await shop.web.AddItem(item(idle))
    await until(lambda: announcements(shop, idle))
    assert await announcements(shop, paid) == before


async def test_many_idle_carts_are_each_announced_once(impatient_shops: tuple[Shop, Shop]) -> None:
    one, other = impatient_shops
    customers = [await one.new_customer() for _ in range(25)]
    await asyncio.gather(*(one.web.AddItem(item(customer_id)) for customer_id in customers))

    async def all_announced() -> bool:
        return all([await announcements(other, customer_id) for customer_id in customers])

    await until(all_announced)
    assert [len(await announcements(one, customer_id)) for customer_id in customers] == [1] * 25
