"""Offers to tell stories with, over the wire and without it."""

from typing import Any, Self

from google.type.money_pb2 import Money

from libs.ids import new_id
from omnithread.cart.v1 import cart_service_pb2 as cart_pb
from omnithread.cart.v1 import offer_service_pb2 as pb
from omnithread.cart.v1.offer_pb2 import Offer, OfferArticles, OfferTerms, PercentageOff
from tests.services.cart.shop import Shop, item


class Marketing:
    """Makes offers at a shop, and ends them all, so that other stories know nothing of them."""

    def __init__(self, shop: Shop) -> None:
        self.calls = shop.at_web.offers
        self._made: list[str] = []

    async def draft(self, terms: OfferTerms, offer_id: str = "") -> Offer:
        """Write an offer that does not count yet."""
        offer_id = offer_id or new_id("off").lower()
        return (await self.calls.SaveOffer(pb.SaveOfferRequest(offer_id=offer_id, terms=terms))).offer

    async def offer(self, terms: OfferTerms, offer_id: str = "") -> Offer:
        """Make an offer that counts."""
        draft = await self.draft(terms, offer_id)
        self._made.append(draft.offer_id)
        return (await self.calls.ActivateOffer(pb.ActivateOfferRequest(offer_id=draft.offer_id))).offer

    async def end(self, offer_id: str) -> Offer:
        """Let an offer count no more."""
        return (await self.calls.EndOffer(pb.EndOfferRequest(offer_id=offer_id))).offer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_failure: object) -> None:
        for offer_id in self._made:
            await self.end(offer_id)


def new_sku() -> str:
    """An article that no other story sells."""
    return new_id("sku")


def new_code() -> str:
    """A code that no other story uses, in its normal form."""
    return new_id("x").removeprefix("x_").upper()


def terms_for(sku: str, **fields: Any) -> OfferTerms:
    """20 % off one article, unless something else is said."""
    terms = OfferTerms(name="Spring", articles=OfferArticles(skus=[sku]))
    terms.MergeFrom(OfferTerms(**fields))
    if terms.WhichOneof("benefit") is None:
        terms.percentage_off.CopyFrom(PercentageOff(basis_points=2000))
    return terms


def item_at(customer_id: str, sku: str, quantity: int, price: Money, **fields: Any) -> cart_pb.AddItemRequest:
    """A request to add some pieces of an article at another price than 89.90."""
    request = item(customer_id, sku, quantity, **fields)
    request.unit_price.CopyFrom(price)
    return request


async def priced(shop: Shop, customer_id: str, *, at_store: bool = False) -> cart_pb.GetCartResponse:
    """What the web shop, or the store, is shown."""
    channel = shop.store if at_store else shop.web
    return await channel.GetCart(cart_pb.GetCartRequest(customer_id=customer_id))
