"""Offers for stories: what counts while the story lasts, and what a cart costs where."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import omnithread
from libs.ids import new_id
from omnithread.cart.v1.offer_pb2 import OfferTerms
from omnithread.cart.v1.offer_service_pb2 import ActivateOfferRequest, EndOfferRequest, SaveOfferRequest
from omnithread.cart.v1.price_pb2 import CartPrice
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest, GetCustomerContextResponse
from tests.running_suite import until


@asynccontextmanager
async def offered(channel: omnithread.Omnithread, *all_terms: OfferTerms) -> AsyncIterator[list[str]]:
    """Offers that count inside, for articles of this story only; gives their ids."""
    offer_ids = [new_id("off").lower() for _ in all_terms]
    try:
        for offer_id, terms in zip(offer_ids, all_terms, strict=True):
            await channel.offers.SaveOffer(SaveOfferRequest(offer_id=offer_id, terms=terms))
            await channel.offers.ActivateOffer(ActivateOfferRequest(offer_id=offer_id))
        yield offer_ids
    finally:
        for offer_id in offer_ids:
            await channel.offers.EndOffer(EndOfferRequest(offer_id=offer_id))


async def told(channel: omnithread.Omnithread, customer_id: str) -> GetCustomerContextResponse:
    return await channel.context.GetCustomerContext(GetCustomerContextRequest(customer_id=customer_id))


def applied(price: CartPrice) -> list[str]:
    return [offer.offer_id for offer in price.applied_offers]


async def priced(channel: omnithread.Omnithread, customer_id: str, *, with_offer: str) -> CartPrice:
    """What it costs on a channel, once an offer counts there."""

    async def look() -> CartPrice:
        return (await told(channel, customer_id)).cart_price

    return await until(look, lambda price: with_offer in applied(price))
