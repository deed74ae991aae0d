"""A newsletter a week later shows the purse that I looked at, with what it costs me today."""

from datetime import UTC, datetime, timedelta

from google.type.money_pb2 import Money

from deploy.local.suite import Suite
from deploy.sample.load import put_brands
from libs.ids import new_id
from libs.timestamps import to_timestamp
from omnithread.cart.v1.article_service_pb2 import ArticleReport, ReportArticlesRequest
from omnithread.cart.v1.offer_pb2 import OfferArticles, OfferTerms, PercentageOff
from omnithread.cart.v1.offer_service_pb2 import ActivateOfferRequest, EndOfferRequest, SaveOfferRequest
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import RecordTouchpointRequest
from omnithread.messaging.v1.messaging_pb2 import MESSAGE_STATE_SENT, Message
from omnithread.messaging.v1.messaging_service_pb2 import SendMessageRequest
from omnithread.messaging.v1.template_service_pb2 import PreviewTemplateRequest
from tests.journeys.people import log_in, messages_to, somebody, speak_to
from tests.running_suite import Channels, until

LETTER = "newsletter"
PURPOSE = "service"  # sent for one that needs no consent: which messages need it is another story


def priced(sku: str, euros: int) -> ReportArticlesRequest:
    article = ArticleReport(
        sku=sku,
        sold=True,
        name="Handtasche Marlene",
        unit_price=Money(currency_code="EUR", units=euros),
        link_uri=f"https://shop.example.com/p/{sku}",
    )
    return ReportArticlesRequest(articles=[article], report_time=to_timestamp(datetime.now(UTC) - timedelta(minutes=1)))


async def test_the_newsletter_a_week_later_shows_the_purse_that_i_looked_at_with_its_discount(
    suite: Suite, channels: Channels
) -> None:
    person, sku, offer_id = somebody(), new_id("sku"), new_id("off").lower()
    await put_brands(channels.agent)
    anna = (await log_in(channels.shop, person)).customer_id
    await speak_to(channels.shop, anna, language="de", ways=[DELIVERY_KIND_EMAIL])
    await channels.shop.context.RecordTouchpoint(
        RecordTouchpointRequest(
            customer_id=anna,
            kind=TOUCHPOINT_KIND_PRODUCT_VIEWED,
            subject=sku,
            occur_time=to_timestamp(datetime.now(UTC) - timedelta(days=7)),
        )
    )

    # A week later it costs less for everybody, and there is an offer on it besides.
    await channels.agent.articles.ReportArticles(priced(sku, 100))
    terms = OfferTerms(
        name="Wochenende in Leder",
        percentage_off=PercentageOff(basis_points=2000),
        articles=OfferArticles(skus=[sku]),
    )
    await channels.agent.offers.SaveOffer(SaveOfferRequest(offer_id=offer_id, terms=terms))
    await channels.agent.offers.ActivateOffer(ActivateOfferRequest(offer_id=offer_id))

    async def as_it_would_be() -> str:
        preview = PreviewTemplateRequest(
            template_id=LETTER, customer_id=anna, language="de", delivery_kind=DELIVERY_KIND_EMAIL
        )
        (shown,) = (await channels.shop.templates.PreviewTemplate(preview)).previews
        return shown.body_text

    await until(as_it_would_be, lambda text: "80,00\xa0€ (statt 100,00\xa0€, Wochenende in Leder)" in text)
    await channels.shop.messaging.SendMessage(
        SendMessageRequest(customer_id=anna, template_id=LETTER, purpose=PURPOSE, delivery_kind=DELIVERY_KIND_EMAIL)
    )

    async def letters() -> list[Message]:
        return await messages_to(channels.agent, anna, purpose=PURPOSE)

    (letter,) = await until(letters, lambda found: [one.state for one in found] == [MESSAGE_STATE_SENT])
    assert letter.subject == "Für Sie von Haus Marlene"
    assert "Handtasche Marlene: 80,00\xa0€ (statt 100,00\xa0€, Wochenende in Leder)" in letter.body_text
    (mail,) = suite.mailbox.mails(recipient=person.email)
    html = mail.get_body(("html",))
    assert html is not None
    for word in (
        "Handtasche Marlene",
        "80,00",
        "<s>100,00",
        "Wochenende in Leder",
        "Haus Marlene GmbH",
        "Guten Tag Anna",
    ):
        assert word in html.get_content()
    await channels.agent.offers.EndOffer(EndOfferRequest(offer_id=offer_id))
