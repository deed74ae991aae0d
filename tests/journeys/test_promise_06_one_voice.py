"""It reacts to what I just did, and sounds like the same company everywhere."""

import json
from pathlib import Path

from deploy.local.suite import Suite
from omnithread.cart.v1.offer_pb2 import OfferArticles, OfferTerms, PercentageOff
from omnithread.common.v1.delivery_pb2 import (
    DELIVERY_KIND_EMAIL,
    DELIVERY_KIND_IN_APP,
    DELIVERY_KIND_PUSH,
    DELIVERY_KIND_SMS,
)
from omnithread.messaging.v1.messaging_pb2 import MESSAGE_STATE_SENT, Message
from omnithread.messaging.v1.messaging_service_pb2 import SendMessageRequest
from tests.journeys.offers import offered, priced
from tests.journeys.people import REMINDER, add, consent, log_in, messages_to, somebody, speak_to
from tests.running_suite import PHONES, Channels, until

WAYS = (DELIVERY_KIND_EMAIL, DELIVERY_KIND_SMS, DELIVERY_KIND_PUSH, DELIVERY_KIND_IN_APP)
BRAND = "Haus Marlene"


async def test_one_reminder_reads_like_one_company_by_mail_text_message_push_and_in_the_app(
    suite: Suite, channels: Channels
) -> None:
    person = somebody()
    anna = (await log_in(channels.shop, person)).customer_id
    await speak_to(channels.shop, anna, language="de", ways=list(WAYS))
    for way in WAYS:
        await consent(channels.shop, anna, way)
    sku = f"purse-{person.card}"
    await add(channels.app, anna, sku, name="Handtasche Marlene", euros=129)

    async with offered(channels.shop, fifth_off(sku)) as (offer_id,):
        await priced(channels.shop, anna, with_offer=offer_id)
        for way in WAYS:
            await channels.shop.messaging.SendMessage(
                SendMessageRequest(customer_id=anna, template_id=REMINDER, purpose=REMINDER, delivery_kind=way)
            )

        async def asked() -> dict[int, Message]:
            found = await messages_to(channels.shop, anna)
            return {one.delivery_kind: one for one in found if one.state == MESSAGE_STATE_SENT}

        sent = await until(asked, lambda found: set(found) == set(WAYS))
    texts = {
        "inbox": sent[DELIVERY_KIND_IN_APP].subject + sent[DELIVERY_KIND_IN_APP].body_text,
        "text message": on_telephone(suite, sent[DELIVERY_KIND_SMS]),
        "push": on_telephone(suite, sent[DELIVERY_KIND_PUSH]),
        "mail": next(
            mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # every mail has its plain part
            for mail in suite.mailbox.mails(recipient=person.email)
            if mail["Subject"] == sent[DELIVERY_KIND_EMAIL].subject
        ),
    }
    for place, text in texts.items():
        assert "Handtasche Marlene" in text, place
        assert "103,20" in text, place  # the same price, with the same offer
        assert BRAND in text, place


def on_telephone(suite: Suite, message: Message) -> str:
    """Give what arrived at the customer's telephone."""
    file = Path(suite.plan.settings["providers_file"]).parent / PHONES / f"{message.message_id}.json"
    return json.dumps(json.loads(file.read_text()), ensure_ascii=False)


def fifth_off(sku: str) -> OfferTerms:
    return OfferTerms(
        name="Herbstrabatt",
        articles=OfferArticles(skus=[sku]),
        percentage_off=PercentageOff(basis_points=2000),
    )
