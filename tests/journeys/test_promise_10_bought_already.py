"""If I bought it already, nobody reminds me to buy it."""

from datetime import UTC, datetime

from google.type.money_pb2 import Money

from deploy.local.suite import Suite
from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.cart.v1.order_pb2 import ORDER_STATE_CANCELLED, ExternalOrder
from omnithread.cart.v1.order_service_pb2 import (
    AdvanceOrderRequest,
    ExternalLine,
    ListOrdersRequest,
    RecordOrderRequest,
)
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.messaging.v1.messaging_pb2 import (
    MESSAGE_STATE_CANCELLED,
    MESSAGE_STATE_QUEUED,
    MESSAGE_STATE_SENT,
    Message,
)
from tests.journeys.people import add, cart_of, consent, context_of, log_in, messages_to, somebody
from tests.journeys.test_promise_07_what_i_looked_at import ALERT, look, price_fell, reported
from tests.running_suite import Channels, until


async def test_a_reminder_that_was_queued_is_cancelled_by_the_purchase(suite: Suite, channels: Channels) -> None:
    person = somebody()
    anna = (await log_in(channels.shop, person)).customer_id
    await consent(channels.shop, anna, DELIVERY_KIND_EMAIL)
    await add(channels.shop, anna, "purse")

    async def reminders() -> list[Message]:
        return await messages_to(channels.agent, anna)

    await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_QUEUED])
    sold = await channels.store.cart.Checkout(CheckoutRequest(customer_id=anna, pickup=PickupChoice(store_id="042")))

    (cancelled,) = await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_CANCELLED])
    assert cancelled.state_reason == "ORDER_PLACED"
    assert [mail for mail in suite.mailbox.mails(recipient=person.email) if sold.order.order_id not in str(mail)] == []
    for channel in channels.four:
        orders = (await channel.orders.ListOrders(ListOrdersRequest(customer_id=anna))).orders
        assert [order.order_id for order in orders] == [sold.order.order_id]
        assert await cart_of(channel, anna) == {}


async def test_a_sale_in_the_stores_own_till_stops_the_reminder(suite: Suite, channels: Channels) -> None:
    person = somebody()
    anna = (await log_in(channels.shop, person)).customer_id
    await consent(channels.shop, anna, DELIVERY_KIND_EMAIL)
    await add(channels.shop, anna, "purse", euros=60)

    async def reminders() -> list[Message]:
        return await messages_to(channels.agent, anna)

    await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_QUEUED])
    sold = await channels.store.orders.RecordOrder(
        RecordOrderRequest(
            customer_id=anna,
            external=ExternalOrder(system="till-3", number=f"R-{anna[-12:]}"),
            lines=[
                ExternalLine(sku="purse", name="purse", quantity=1, unit_price=Money(currency_code="EUR", units=50))
            ],
            occur_time=to_timestamp(datetime.now(UTC)),
            store_id="042",
        )
    )
    (cancelled,) = await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_CANCELLED])
    assert cancelled.state_reason == "ORDER_PLACED"
    assert suite.mailbox.mails(recipient=person.email) == []
    for channel in channels.four:
        context = await context_of(channel, anna)
        assert [order.order_id for order in context.cart.recent_orders] == [sold.order.order_id]
        assert len(context.cart.cart.lines) == 0

    async def orders_counted() -> int:
        return (await context_of(channels.shop, anna)).profile.facts.order_count

    assert await until(orders_counted, lambda count: count == 1)


async def test_who_bought_it_meanwhile_is_not_told_that_it_costs_less(suite: Suite, channels: Channels) -> None:
    person, sku = somebody(), new_id("sku")
    anna = (await log_in(channels.shop, person)).customer_id
    await consent(channels.shop, anna, DELIVERY_KIND_EMAIL, purpose=ALERT)
    await look(channels.shop, anna, sku)
    await add(channels.app, anna, sku)
    sold = await channels.store.cart.Checkout(CheckoutRequest(customer_id=anna, pickup=PickupChoice(store_id="042")))
    first, second = price_fell(sku), price_fell(sku)
    assert (await reported(channels.agent, first)).told_count == 1

    async def alerts() -> list[Message]:
        return await messages_to(channels.agent, anna, purpose=ALERT)

    def mails() -> int:
        return len(suite.mailbox.mails(recipient=person.email))

    (kept_back,) = await until(alerts, lambda found: [one.state for one in found] == [MESSAGE_STATE_CANCELLED])
    assert (kept_back.state_reason, mails()) == ("ORDER_PLACED", 0)

    await channels.store.orders.AdvanceOrder(
        AdvanceOrderRequest(customer_id=anna, order_id=sold.order.order_id, state=ORDER_STATE_CANCELLED)
    )
    await reported(channels.agent, second)
    both = [MESSAGE_STATE_SENT, MESSAGE_STATE_CANCELLED]
    await until(alerts, lambda found: [one.state for one in found] == both)
    assert mails() == 1
