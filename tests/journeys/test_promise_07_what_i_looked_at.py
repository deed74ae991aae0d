"""What I looked at on one device I find on all others; and when its price falls I am told, once, if I want that."""

from datetime import UTC, datetime

from google.type.money_pb2 import Money

import omnithread
from deploy.local.suite import Suite
from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.context.v1.interest_service_pb2 import (
    GetPriceChangeRequest,
    GetPriceChangeResponse,
    ReportPriceChangeRequest,
)
from omnithread.messaging.v1.messaging_pb2 import MESSAGE_STATE_SENT, MESSAGE_STATE_SKIPPED, Message
from tests.journeys.people import consent, context_of, log_in, messages_to, somebody, speak_to
from tests.running_suite import Channels, until

ALERT = "price_alert"


async def look(channel: omnithread.Omnithread, customer_id: str, sku: str) -> None:
    await channel.context.RecordTouchpoint(
        RecordTouchpointRequest(customer_id=customer_id, kind=TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=sku)
    )


def price_fell(sku: str) -> ReportPriceChangeRequest:
    return ReportPriceChangeRequest(
        change_id=new_id("chg"),
        sku=sku,
        name="Handtasche Marlene",
        old_price=Money(currency_code="EUR", units=129, nanos=900_000_000),
        new_price=Money(currency_code="EUR", units=99),
        link_uri=f"https://shop.example.com/p/{sku}",
        change_time=to_timestamp(datetime.now(UTC)),
    )


async def reported(channel: omnithread.Omnithread, request: ReportPriceChangeRequest) -> GetPriceChangeResponse:
    """Report a price twice, as a job does that was not sure, and wait until everybody was told."""
    first = await channel.interests.ReportPriceChange(request)
    again = await channel.interests.ReportPriceChange(request)
    assert (first.telling, first.replayed, again.replayed) == (True, False, True)

    async def progress() -> GetPriceChangeResponse:
        return await channel.interests.GetPriceChange(GetPriceChangeRequest(change_id=request.change_id))

    return await until(progress, lambda answer: answer.done)


async def test_what_a_guest_looked_at_in_the_browser_she_finds_in_the_app_and_the_store(channels: Channels) -> None:
    anna, sku = somebody(), new_id("sku")
    known = await log_in(channels.app, anna)
    await look(channels.app, known.customer_id, sku)
    guest = await channels.shop.start_session([omnithread.cookie(anna.cookie)])
    with guest.carry():
        for _ in range(2):
            await look(channels.shop, guest.customer_id, sku)
        await look(channels.shop, guest.customer_id, f"{sku}-other")
        await channels.shop.start_session([omnithread.cookie(anna.cookie), omnithread.email(anna.email, verified=True)])
    for channel in channels.four:
        seen = (await context_of(channel, known.customer_id)).journey.viewed_products
        assert [(view.sku, view.view_count, view.last_channel.id) for view in seen] == [
            (f"{sku}-other", 1, "web-shop"),
            (sku, 3, "web-shop"),
        ]


async def test_i_am_told_once_that_it_costs_less_where_i_like_to_be_told(suite: Suite, channels: Channels) -> None:
    person, sku = somebody(), new_id("sku")
    anna = (await log_in(channels.shop, person)).customer_id
    await speak_to(channels.shop, anna, language="de", ways=[DELIVERY_KIND_EMAIL])
    await consent(channels.shop, anna, DELIVERY_KIND_EMAIL, purpose=ALERT)
    for channel in (channels.shop, channels.app):
        await look(channel, anna, sku)
    assert (await reported(channels.agent, price_fell(sku))).told_count == 1

    async def alerts() -> list[Message]:
        return await messages_to(channels.agent, anna, purpose=ALERT)

    (sent,) = await until(alerts, lambda found: [one.state for one in found] == [MESSAGE_STATE_SENT])
    assert sent.subject == "Handtasche Marlene kostet jetzt weniger"
    assert "99,00\xa0€ statt 129,90\xa0€" in sent.body_text
    assert f"https://shop.example.com/p/{sku}" in sent.body_text
    assert len(suite.mailbox.mails(recipient=person.email)) == 1


async def test_nobody_is_told_who_did_not_want_to_be(suite: Suite, channels: Channels) -> None:
    person, sku = somebody(), new_id("sku")
    anna = (await log_in(channels.shop, person)).customer_id
    await consent(channels.shop, anna, DELIVERY_KIND_EMAIL)  # to reminders of her cart, and to nothing else
    await look(channels.shop, anna, sku)
    await reported(channels.agent, price_fell(sku))

    async def alerts() -> list[Message]:
        return await messages_to(channels.agent, anna, purpose=ALERT)

    (kept_back,) = await until(alerts, lambda found: [one.state for one in found] == [MESSAGE_STATE_SKIPPED])
    assert kept_back.state_reason == "NO_CONSENT"
    assert suite.mailbox.mails(recipient=person.email) == []
