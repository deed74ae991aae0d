"""What articles cost a customer today, told of by whoever writes to them."""

from datetime import UTC, datetime, timedelta

from google.type.money_pb2 import Money

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import article_service_pb2 as pb
from omnithread.cart.v1.offer_pb2 import OfferArticles, OfferChannels
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE
from tests.services.calls import refusal
from tests.services.cart.marketing import Marketing, new_sku, terms_for
from tests.services.cart.shop import Shop, item, money

NOW = datetime.now(UTC)


def described(sku: str, price: Money, *, minutes: float = -10, name: str = "Purse") -> pb.ReportArticlesRequest:
    report = pb.ArticleReport(sku=sku, sold=True, name=name, unit_price=price, categories=["leather"])
    return pb.ReportArticlesRequest(articles=[report], report_time=to_timestamp(NOW + timedelta(minutes=minutes)))


async def test_an_article_costs_what_the_catalogue_told_last_less_what_offers_take_off_here(shop: Shop) -> None:
    customer_id, sku = await shop.new_customer(), new_sku()
    await shop.web.AddItem(item(customer_id, "shoe"))
    await shop.at_web.articles.ReportArticles(described(sku, money(120)))
    await shop.at_web.articles.ReportArticles(described(sku, money(150), minutes=-20))
    asked = pb.PriceArticlesRequest(customer_id=customer_id, skus=["nobody-told-of", sku])
    async with Marketing(shop) as marketing:
        await marketing.offer(terms_for(sku, name="Purse week"))
        in_store = terms_for(sku, name="In the store", priority=90, channels=OfferChannels(kinds=[CHANNEL_KIND_STORE]))
        await marketing.offer(in_store)
        [here] = (await shop.at_web.articles.PriceArticles(asked)).articles
        asked.channel_id = "store-042"
        [there] = (await shop.at_web.articles.PriceArticles(asked)).articles
    assert (here.sku, here.name, here.sold) == (sku, "Purse", True)
    assert (here.unit_price, here.price) == (money(120), money(96))
    assert [offer.name for offer in here.applied_offers] == ["Purse week"]
    assert there.price == money(96)
    assert [offer.name for offer in there.applied_offers] == ["In the store"]
    assert [line.sku for line in (await shop.cart(customer_id)).lines] == ["shoe"]


async def test_an_offer_for_a_category_counts_for_what_the_catalogue_put_there(shop: Shop) -> None:
    customer_id, sku = await shop.new_customer(), new_sku()
    await shop.at_web.articles.ReportArticles(described(sku, money(10)))
    async with Marketing(shop) as marketing:
        terms = terms_for(sku)
        terms.articles.CopyFrom(OfferArticles(categories=["leather"]))
        await marketing.offer(terms)
        answer = await shop.at_web.articles.PriceArticles(pb.PriceArticlesRequest(customer_id=customer_id, skus=[sku]))
    assert answer.articles[0].price == money(8)


async def test_a_report_that_names_no_price_leaves_what_was_told_before(shop: Shop) -> None:
    customer_id, sku = await shop.new_customer(), new_sku()
    await shop.at_web.articles.ReportArticles(described(sku, money(120)))
    await shop.at_web.articles.ReportArticles(
        pb.ReportArticlesRequest(articles=[pb.ArticleReport(sku=sku, sold=False)], report_time=to_timestamp(NOW))
    )
    [article] = (
        await shop.at_web.articles.PriceArticles(pb.PriceArticlesRequest(customer_id=customer_id, skus=[sku]))
    ).articles
    assert (article.unit_price, article.sold) == (money(120), False)


async def test_a_price_without_a_name_or_of_no_currency_and_an_unknown_channel_are_refused(shop: Shop) -> None:
    customer_id, sku = await shop.new_customer(), new_sku()
    for request, reason, field in (
        (described(sku, money(1), name=" "), "INVALID_FIELD", "articles[0].name"),
        (described(sku, money(1, currency_code="EUX")), "CURRENCY_UNKNOWN", "articles[0].unit_price"),
        (described(sku, money(-1)), "PRICE_INVALID", "articles[0].unit_price"),
    ):
        refused = await refusal(shop.at_web.articles.ReportArticles(request))
        assert refused.reason == reason
        assert [fault.field.startswith(field) for fault in refused.fields] == [True]
    asked = pb.PriceArticlesRequest(customer_id=customer_id, skus=[sku], channel_id="moon")
    assert (await refusal(shop.at_web.articles.PriceArticles(asked))).reason == "CHANNEL_NOT_REGISTERED"
