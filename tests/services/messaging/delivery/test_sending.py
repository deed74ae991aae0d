"""What goes out, once, and what does not, with its reason: over real services and a real mail server."""

import asyncio
from datetime import timedelta

import pytest

from libs.clock import system_clock
from libs.timestamps import to_timestamp
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.preference.v1.preference_pb2 import FrequencyCap, Pause, QuietHours
from services.messaging.deciding.last_look import FRESH_SECONDS
from tests.services.calls import until
from tests.services.messaging.office import EMAIL, IN_APP, NO, Office, came_to, form, quiet_now, state_of
from tests.services.messaging.post_office import hang_up, html_of, text_of

REMINDER = {"template_id": "cart_reminder", "purpose": "cart_reminder"}


async def test_an_abandoned_cart_is_reminded_of_by_mail_once_though_two_replicas_look(
    office: Office, another_replica: Office
) -> None:
    anna = await office.person(EMAIL)
    await office.prefer(anna.customer_id, language="de-CH")
    await office.fill_cart(anna.customer_id)
    message = await office.first_message(anna.customer_id)
    sent = await office.ended(anna.customer_id, message.message_id)

    assert came_to(sent) == ("SENT", "")
    assert (sent.template_id, sent.language, sent.subject) == ("cart_reminder", "de", "Ihr Warenkorb wartet auf Sie")
    assert "Red <shoe>: EUR\xa01’129.50" in sent.body_text
    [mail] = office.post.mails(anna.address)
    assert (mail["Subject"], mail["To"], mail["From"]) == (sent.subject, anna.address, "Shop <noreply@example.com>")
    assert mail["Message-ID"] == f"<{sent.message_id}@example.com>"
    assert text_of(mail).startswith("Guten Tag Anna,")
    assert "Red &lt;shoe&gt;" in html_of(mail)
    assert len(await office.messages(anna.customer_id)) == 1


async def test_of_many_messages_to_many_customers_each_goes_out_once(office: Office, another_replica: Office) -> None:
    people = [await office.person() for _ in range(5)]
    await office.put("order_news", form(EMAIL, "News"))
    sent = await asyncio.gather(
        *(
            replica.send(anna.customer_id, "order_news")
            for anna in people
            for replica in (office, another_replica, office, another_replica)
        )
    )
    assert len(set(sent)) == 20
    for anna in people:
        for message in await office.messages(anna.customer_id):
            assert came_to(await office.ended(anna.customer_id, message.message_id)) == ("SENT", "")
        mails = office.post.mails(anna.address)
        assert len(mails) == len({mail["Message-ID"] for mail in mails}) == 4


async def test_into_the_inbox_goes_what_the_customer_prefers_there(office: Office) -> None:
    anna = await office.person(EMAIL, IN_APP)
    await office.prefer(anna.customer_id, preferred_channels=[IN_APP, EMAIL])
    await office.fill_cart(anna.customer_id)
    sent = await office.ended(anna.customer_id, (await office.first_message(anna.customer_id)).message_id)
    assert came_to(sent) == ("SENT", "")
    assert (sent.delivery_kind, sent.body_text) == (IN_APP, "Red <shoe>: €1,129.50")
    assert [message.message_id for message in await office.messages(anna.customer_id, delivery_kind=IN_APP)] == [
        sent.message_id
    ]
    assert office.post.mails(anna.address) == []


async def test_who_bought_it_is_not_reminded_of_it(patient: Office) -> None:
    anna = await patient.person(EMAIL)
    await patient.fill_cart(anna.customer_id)
    message = await patient.first_message(anna.customer_id)
    assert state_of(message) == "QUEUED"
    await patient.check_out(anna.customer_id)
    ended = await patient.ended(anna.customer_id, message.message_id)
    assert came_to(ended) == ("CANCELLED", "ORDER_PLACED")
    assert patient.post.mails(anna.address) == []
    states = [
        event.message_state_changed.state_reason
        for event in await patient.events(anna.customer_id)
        if event.HasField("message_state_changed")
    ]
    assert states == ["ORDER_PLACED"]


async def test_a_cart_that_was_touched_again_is_reminded_of_later_and_once(patient: Office) -> None:
    anna = await patient.person(EMAIL)
    await patient.fill_cart(anna.customer_id)
    first = await patient.first_message(anna.customer_id)
    await patient.fill_cart(anna.customer_id, "Blue shoe")
    assert came_to(await patient.ended(anna.customer_id, first.message_id)) == ("CANCELLED", "SUPERSEDED")
    second = await patient.first_message(anna.customer_id, besides=first.message_id)
    assert state_of(second) == "QUEUED"


async def test_without_a_yes_nobody_is_reminded_and_the_reason_is_told(office: Office) -> None:
    anna = await office.person()
    await office.fill_cart(anna.customer_id)
    message = await office.first_message(anna.customer_id)
    assert came_to(await office.ended(anna.customer_id, message.message_id)) == ("SKIPPED", "NO_CONSENT")


async def test_a_no_that_comes_before_the_mail_keeps_it_back(office: Office) -> None:
    anna = await office.person(EMAIL)
    await office.prefer(anna.customer_id, quiet_hours=quiet_now())
    message_id = await office.send(anna.customer_id, **REMINDER)
    assert state_of(await office.in_state(anna.customer_id, message_id, "QUEUED")) == "QUEUED"
    await office.consent(anna.customer_id, EMAIL, NO, contact_point=anna.address)
    again = await office.send(anna.customer_id, **REMINDER)
    assert came_to(await office.ended(anna.customer_id, again)) == ("SKIPPED", "NO_CONSENT")
    assert office.post.mails(anna.address) == []


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"pauses": [Pause(until_time=to_timestamp(system_clock() + timedelta(days=1)))]}, "PAUSED"),
        ({"frequency_caps": [FrequencyCap(purpose="cart_reminder", max_messages=0, period_days=7)]}, "CAP_REACHED"),
        ({"quiet_hours": QuietHours(start_minute=0, end_minute=0)}, "QUIET_HOURS"),
    ],
)
async def test_what_the_customer_wishes_is_the_reason(office: Office, wish: dict[str, object], reason: str) -> None:
    anna = await office.person(EMAIL)
    await office.prefer(anna.customer_id, **wish)
    message_id = await office.send(anna.customer_id, **REMINDER)
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("SKIPPED", reason)


async def test_a_cap_of_two_lets_two_of_many_through_at_once(office: Office, another_replica: Office) -> None:
    anna = await office.person(EMAIL, IN_APP)
    await office.prefer(
        anna.customer_id, frequency_caps=[FrequencyCap(purpose="cart_reminder", max_messages=2, period_days=1)]
    )
    sent = await asyncio.gather(
        *(channel.send(anna.customer_id, **REMINDER) for channel in (office, another_replica) * 4)
    )
    ended = [came_to(await office.ended(anna.customer_id, message_id)) for message_id in sent]
    assert sorted(ended) == [("SENT", "")] * 2 + [("SKIPPED", "CAP_REACHED")] * 6
    assert len(office.post.mails(anna.address)) == 2


async def test_an_order_is_confirmed_without_any_consent_and_tells_of_the_order(office: Office) -> None:
    anna = await office.person(name="<Anna>")
    await office.fill_cart(anna.customer_id)
    order_id = await office.check_out(anna.customer_id)
    message_id = await office.send(
        anna.customer_id,
        "order_confirmation",
        "order_confirmation",
        variables=[pb.Variable(name="order_id", value=order_id)],
    )
    sent = await office.ended(anna.customer_id, message_id)
    assert (state_of(sent), sent.subject) == ("SENT", f"Your order {order_id}")
    [mail] = office.post.mails(anna.address)
    assert "It is yours at store store-042." in text_of(mail)
    assert "Hello &lt;Anna&gt;," in html_of(mail)


async def test_an_order_that_is_not_there_is_not_told_of(office: Office) -> None:
    anna = await office.person()
    message_id = await office.send(
        anna.customer_id, "order_confirmation", variables=[pb.Variable(name="order_id", value="ord_none")]
    )
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("SKIPPED", "NO_ORDER")


async def test_a_guest_without_an_address_gets_no_mail(office: Office) -> None:
    guest = await office.guest()
    await office.put("news_mail", form(EMAIL, "News"))
    message_id = await office.send(guest, "news_mail")
    assert came_to(await office.ended(guest, message_id)) == ("SKIPPED", "NO_CONTACT_POINT")


async def test_a_text_that_meets_what_it_cannot_say_fails_and_is_told(office: Office) -> None:
    anna = await office.person()
    await office.put(
        "fragile", form(IN_APP, "{{ amount | divided_by: divisor }}"), variable_names=("amount", "divisor")
    )
    message_id = await office.send(
        anna.customer_id,
        "fragile",
        variables=[pb.Variable(name="amount", value="1"), pb.Variable(name="divisor", value="0")],
    )
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("FAILED", "TEMPLATE_ERROR")


async def test_an_address_that_the_mail_server_refuses_is_not_tried_again(office: Office) -> None:
    anna = await office.person(EMAIL)
    office.post.unwelcome[anna.address] = "550 No such user"
    message_id = await office.send(anna.customer_id, **REMINDER)
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("FAILED", "REFUSED")


async def test_a_mail_that_the_server_takes_later_is_sent_then(office: Office) -> None:
    anna = await office.person(EMAIL)
    office.post.unwelcome[anna.address] = "451 Come back later"
    message_id = await office.send(anna.customer_id, **REMINDER)
    await until(lambda: _was_tried(office, anna.customer_id))
    del office.post.unwelcome[anna.address]
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("SENT", "")
    assert len(office.post.mails(anna.address)) == 1


async def _was_tried(office: Office, customer_id: str) -> bool:
    return "QUEUED" in {state_of(event.message_state_changed) for event in await office.events(customer_id)}


async def test_where_the_server_does_not_say_whether_it_took_a_mail_nobody_sends_it_again(office: Office) -> None:
    anna = await office.person(EMAIL)
    office.post.manners[anna.address] = hang_up
    message_id = await office.send(anna.customer_id, **REMINDER)
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("UNKNOWN", "OUTCOME_UNKNOWN")
    assert len(office.post.mails(anna.address)) == 1


@pytest.mark.parametrize("step", ["at_recipient", "before_text"])
async def test_who_says_no_while_a_mail_is_being_handed_over_does_not_get_it(office: Office, step: str) -> None:
    """The mail server takes its time at one of its steps; the no is acknowledged before the text is said."""
    anna = await office.person(EMAIL)
    await office.put("offer_news", form(EMAIL, "News"))

    async def say_no() -> None:
        await asyncio.sleep(FRESH_SECONDS)
        await office.consent(anna.customer_id, EMAIL, NO)

    getattr(office.post, step)[anna.address] = say_no
    message_id = await office.send(anna.customer_id, "offer_news", "cart_reminder")
    ended = await office.ended(anna.customer_id, message_id)
    assert came_to(ended) == ("SKIPPED", "NO_CONSENT")
    assert office.post.mails(anna.address) == []


async def test_what_belongs_to_an_order_goes_whatever_takes_its_time(office: Office) -> None:
    anna = await office.person()
    await office.put("order_news", form(EMAIL, "News"))

    async def dawdle() -> None:
        await asyncio.sleep(FRESH_SECONDS)

    office.post.before_text[anna.address] = dawdle
    message_id = await office.send(anna.customer_id, "order_news")
    assert came_to(await office.ended(anna.customer_id, message_id)) == ("SENT", "")
