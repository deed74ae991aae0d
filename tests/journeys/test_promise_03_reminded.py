"""I am reminded of my cart where I like to be reminded, and can then pay in the store.

That is one journey, not three.
"""

from deploy.local.suite import Suite
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP
from omnithread.context.v1.context_pb2 import (
    TOUCHPOINT_KIND_CART_ABANDONED,
    TOUCHPOINT_KIND_CART_CHANGED,
    TOUCHPOINT_KIND_MESSAGE,
    TOUCHPOINT_KIND_ORDER_PLACED,
)
from omnithread.messaging.v1.messaging_pb2 import MESSAGE_STATE_SENT, Message
from tests.journeys.people import add, consent, journey_of, log_in, messages_to, somebody, speak_to
from tests.running_suite import Channels, until


async def test_i_am_reminded_by_mail_in_my_language_and_pay_in_the_store_and_that_is_one_journey(
    suite: Suite, channels: Channels
) -> None:
    person = somebody()
    session = await log_in(channels.shop, person)
    anna = session.customer_id
    with session.carry():
        await speak_to(channels.shop, anna, language="de-AT", ways=[DELIVERY_KIND_EMAIL])
        await consent(channels.shop, anna, DELIVERY_KIND_EMAIL)
        await add(channels.shop, anna, "purse", name="Handtasche Marlene")

    async def reminders() -> list[Message]:
        return await messages_to(channels.agent, anna)

    (sent,) = await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_SENT])
    assert (sent.delivery_kind, sent.language) == (DELIVERY_KIND_EMAIL, "de")
    (mail,) = suite.mailbox.mails(recipient=person.email)
    assert mail["Subject"] == sent.subject
    assert "Handtasche Marlene" in sent.body_text

    in_store = await log_in(channels.store, person)
    with in_store.carry():
        sold = await channels.store.cart.Checkout(
            CheckoutRequest(customer_id=anna, pickup=PickupChoice(store_id="042"))
        )
    assert in_store.labels.journey_id == session.labels.journey_id
    steps = await journey_of(channels.shop, anna, session.labels.journey_id)
    story = [step.kind for step in steps]
    for earlier, later in (
        (TOUCHPOINT_KIND_CART_CHANGED, TOUCHPOINT_KIND_CART_ABANDONED),
        (TOUCHPOINT_KIND_CART_ABANDONED, TOUCHPOINT_KIND_MESSAGE),
        (TOUCHPOINT_KIND_MESSAGE, TOUCHPOINT_KIND_ORDER_PLACED),
    ):
        assert story.index(earlier) < story.index(later)
    assert sold.order.order_id in [step.subject for step in steps if step.kind == TOUCHPOINT_KIND_ORDER_PLACED]


async def test_who_likes_the_app_better_finds_the_reminder_in_its_inbox(suite: Suite, channels: Channels) -> None:
    person = somebody()
    anna = (await log_in(channels.shop, person)).customer_id
    await speak_to(channels.app, anna, language="en", ways=[DELIVERY_KIND_IN_APP, DELIVERY_KIND_EMAIL])
    for way in (DELIVERY_KIND_IN_APP, DELIVERY_KIND_EMAIL):
        await consent(channels.app, anna, way)
    await add(channels.shop, anna, "purse")

    async def reminders() -> list[Message]:
        return await messages_to(channels.app, anna)

    (sent,) = await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_SENT])
    assert (sent.delivery_kind, sent.language) == (DELIVERY_KIND_IN_APP, "en")
    assert suite.mailbox.mails(recipient=person.email) == []
