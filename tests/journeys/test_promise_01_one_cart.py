"""What I put into my cart on the web is in my cart in the app and in the store."""

import asyncio

import omnithread
from omnithread.cart.v1.cart_service_pb2 import RemoveItemRequest, SetItemQuantityRequest
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_CART_CHANGED
from tests.journeys.people import add, cart_of, journey_of, log_in, somebody
from tests.running_suite import Channels

WRITES = 100


async def test_what_i_put_into_my_cart_on_the_web_is_there_in_the_app_and_in_the_store(channels: Channels) -> None:
    anna = somebody()
    at_home = await log_in(channels.shop, anna)
    await add(channels.shop, at_home.customer_id, "purse")

    with_phone = await channels.app.start_session(
        [omnithread.device(anna.device), omnithread.email(anna.email, verified=True)]
    )
    in_store = await channels.store.start_session([omnithread.loyalty_card(anna.card, verified=True)])

    assert with_phone.customer_id == in_store.customer_id == at_home.customer_id
    for session in (with_phone, in_store):
        assert [(line.sku, line.quantity) for line in session.context.cart.cart.lines] == [("purse", 1)]


async def test_every_channel_may_change_the_cart_and_all_see_it_at_once(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    await add(channels.shop, anna, "purse")
    await add(channels.app, anna, "scarf", quantity=2)
    await channels.agent.cart.SetItemQuantity(SetItemQuantityRequest(customer_id=anna, sku="purse", quantity=3))
    await channels.store.cart.RemoveItem(RemoveItemRequest(customer_id=anna, sku="scarf"))
    assert [await cart_of(channel, anna) for channel in channels.four] == [{"purse": 3}] * 4


async def test_two_channels_write_one_cart_a_hundred_times_each_and_nothing_is_lost(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id

    async def fill(channel: omnithread.Omnithread, own: str) -> None:
        for number in range(WRITES):
            await add(channel, anna, "shared")
            if number % 10 == 0:
                await add(channel, anna, f"{own}-{number}")

    await asyncio.gather(fill(channels.shop, "web"), fill(channels.app, "app"))
    own = {f"{channel}-{number}": 1 for channel in ("web", "app") for number in range(0, WRITES, 10)}
    for channel in channels.four:
        assert await cart_of(channel, anna) == {"shared": 2 * WRITES, **own}


async def test_the_journey_tells_of_every_change_that_the_channels_made_at_once(channels: Channels) -> None:
    anna = (await log_in(channels.shop, somebody())).customer_id
    await asyncio.gather(*(add(channel, anna, "purse") for channel in channels.four for _ in range(5)))
    steps = await journey_of(channels.agent, anna)
    changes = [step.channel.id for step in steps if step.kind == TOUCHPOINT_KIND_CART_CHANGED]
    assert sorted(changes) == sorted(["web-shop", "mobile-app", "call-centre", "store-042"] * 5)
