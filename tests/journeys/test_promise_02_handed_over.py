"""I take my cart with me: from the screen to the phone, to the person on the telephone, and from a mail to anywhere.

Nobody who finds what I carry sees more of me than the cart.
"""

import re

import omnithread
from deploy.local.suite import Suite
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest, CreateHandoverResponse
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_CART_HANDED_OVER
from omnithread.context.v1.context_service_pb2 import (
    HANDOVER_OUTCOME_CARRIED_ON,
    HANDOVER_OUTCOME_JOINED,
    HANDOVER_OUTCOME_SAME_CUSTOMER,
    ListJourneysRequest,
)
from omnithread.messaging.v1.messaging_pb2 import MESSAGE_STATE_SENT, Message
from tests.journeys.people import add, cart_of, consent, journey_of, log_in, messages_to, somebody, speak_to
from tests.running_suite import Channels, until


async def carried(
    channel: omnithread.Omnithread, visit: omnithread.Session, *, code: bool = False
) -> CreateHandoverResponse:
    """What the customer takes along from a channel: a picture to scan, or six digits to say."""
    with visit.carry():
        return await channel.handovers.CreateHandover(
            CreateHandoverRequest(
                customer_id=visit.customer_id,
                single_use=True,
                with_code=code,
                with_picture=not code,
                link_template="https://app.example.com/go#{token}",
            )
        )


async def test_a_guest_scans_the_picture_with_the_app_where_she_is_logged_in_and_goes_on(channels: Channels) -> None:
    anna = somebody()
    known = await log_in(channels.store, anna)
    await add(channels.store, known.customer_id, "scarf")
    guest = await channels.shop.start_session([omnithread.cookie(anna.cookie)])
    with guest.carry():
        await add(channels.shop, guest.customer_id, "purse")
    shown = await carried(channels.shop, guest)
    assert shown.picture_png.startswith(b"\x89PNG")

    app = await channels.app.start_session(
        [omnithread.device(anna.device), omnithread.email(anna.email, verified=True)],
        handover_token=shown.link.partition("#")[2],
    )
    assert app.handover is not None
    assert app.handover.outcome == HANDOVER_OUTCOME_JOINED
    assert app.customer_id == known.customer_id
    assert {line.sku: line.quantity for line in app.context.cart.cart.lines} == {"scarf": 1, "purse": 1}
    assert list(app.started.problems) == []

    await add(channels.shop, guest.customer_id, "belt")  # the page on the screen is still open
    assert await cart_of(channels.app, app.customer_id) == {"scarf": 1, "purse": 1, "belt": 1}
    steps = await journey_of(channels.agent, app.customer_id, guest.labels.journey_id)
    assert [step.channel.id for step in steps if step.kind == TOUCHPOINT_KIND_CART_HANDED_OVER] == ["mobile-app"]
    listed = await channels.agent.context.ListJourneys(ListJourneysRequest(customer_id=app.customer_id))
    assert len(listed.journeys) == 1


async def test_a_guest_says_six_digits_on_the_telephone_and_the_agent_helps_with_the_cart(channels: Channels) -> None:
    guest = await channels.shop.start_session([omnithread.cookie(somebody().cookie)])
    with guest.carry():
        await add(channels.shop, guest.customer_id, "purse")
    said = await carried(channels.shop, guest, code=True)

    call = await channels.agent.start_session(handover_code=said.code)
    assert call.handover is not None
    assert call.handover.outcome == HANDOVER_OUTCOME_CARRIED_ON
    assert (call.customer_id, call.labels.journey_id) == (guest.customer_id, guest.labels.journey_id)
    assert [line.sku for line in call.context.cart.cart.lines] == ["purse"]
    with call.carry():
        await add(channels.agent, call.customer_id, "belt")
    assert await cart_of(channels.shop, guest.customer_id) == {"purse": 1, "belt": 1}


async def test_the_link_in_the_mail_opens_the_cart_on_the_phone_and_shows_the_rest_after_the_login(
    suite: Suite, channels: Channels
) -> None:
    person = somebody()
    session = await log_in(channels.shop, person)
    anna = session.customer_id
    with session.carry():
        await speak_to(channels.shop, anna, language="en", ways=[DELIVERY_KIND_EMAIL])
        await consent(channels.shop, anna, DELIVERY_KIND_EMAIL)
        await add(channels.shop, anna, "purse")

    async def reminders() -> list[Message]:
        return await messages_to(channels.agent, anna)

    (sent,) = await until(reminders, lambda found: [one.state for one in found] == [MESSAGE_STATE_SENT])
    (mail,) = suite.mailbox.mails(recipient=person.email)
    text = mail.get_body(("plain",))
    assert text is not None
    (token,) = re.findall(r"https://shop\.example\.com/cart#(\S+)", text.get_content())
    assert token not in sent.body_text

    phone = somebody()
    opened = await channels.shop.start_session([omnithread.cookie(phone.cookie)], handover_token=token)
    assert opened.handover is not None
    assert opened.handover.outcome == HANDOVER_OUTCOME_CARRIED_ON
    assert (opened.customer_id, opened.labels.journey_id) == (anna, session.labels.journey_id)
    assert [line.sku for line in opened.context.cart.cart.lines] == ["purse"]
    assert not opened.context.HasField("profile")

    with opened.carry():
        logged_in = await channels.shop.start_session(
            [omnithread.cookie(phone.cookie), omnithread.email(person.email, verified=True)], handover_token=token
        )
    assert logged_in.handover is not None
    assert logged_in.handover.outcome == HANDOVER_OUTCOME_SAME_CUSTOMER
    assert logged_in.labels == opened.labels
    assert logged_in.context.profile.given_name == "Anna"
    assert (await channels.shop.start_session([omnithread.cookie(phone.cookie)])).customer_id == anna
