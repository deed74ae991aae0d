"""What a text may tell of articles and offers: names, and what they cost today, written in the customer's language."""

from collections.abc import Iterable

from babel import Locale

from omnithread.cart.v1 import article_service_pb2, offer_pb2, price_pb2
from services.messaging.texts.addresses import web_address
from services.messaging.texts.text_data import Data, amount

MOST_OFFERS = 20


def article_data(article: article_service_pb2.ArticlePrice, locale: Locale) -> Data:
    """Give what a text may tell of an article; `old_price` and `offer` are nil where nothing is taken off."""
    is_reduced = article.price != article.unit_price
    return {
        "sku": article.sku,
        "name": article.name,
        "price": amount(article.price, locale),
        "old_price": amount(article.unit_price, locale) if is_reduced else None,
        "offer": article.applied_offers[0].name if is_reduced and article.applied_offers else None,
        "image_uri": web_address(article.image_uri),
        "link_uri": web_address(article.link_uri),
    }


def cart_price_data(price: price_pb2.CartPrice, locale: Locale) -> Data:
    """Give what a text may tell of a cart's price, beside what it tells of the cart."""
    has_discount = bool(price.discount_total.units or price.discount_total.nanos)
    return {
        "total": amount(price.total, locale),
        "discount": amount(price.discount_total, locale) if has_discount else None,
        "offers": [
            {"name": offer.name, "description": None, "amount": amount(offer.amount, locale)}
            for offer in price.applied_offers[:MOST_OFFERS]
        ],
    }


def offers_data(standings: Iterable[offer_pb2.OfferStanding]) -> list[Data]:
    """Give what a text may tell of the offers that the customer can have, whatever is in their cart."""
    open_to_them = [offer for offer in standings if offer.eligibility == offer_pb2.ELIGIBILITY_ELIGIBLE]
    return [
        {"name": offer.name, "description": offer.description or None, "amount": None}
        for offer in open_to_them[:MOST_OFFERS]
    ]
