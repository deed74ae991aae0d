"""Offers, carts and circumstances to work out prices with."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from libs.channel import Channel
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from services.cart.audience.facts import NO_FACTS, AudienceFacts
from services.cart.line_values import TaxRate
from services.cart.money import Money
from services.cart.offers.values import ActiveOffer, ActiveOffers, Benefit, OfferTerms, PercentageOff
from services.cart.pricing.evaluation import Circumstances, evaluate
from services.cart.pricing.values import Price, UnappliedReason
from services.cart.values import Cart
from tests.services.cart.samples import NOON, article, cart_of

WEB = Channel("web-shop", CHANNEL_KIND_WEB)
STORE = Channel("store-042", CHANNEL_KIND_STORE)
SHOES = cart_of((article("shoe", 5000), 2), (article("sock", 1000), 3))
"""130 francs: two shoes and three socks."""


def francs(minor: int) -> Money:
    return Money(minor, "CHF")


def offer(offer_id: str, benefit: Benefit, **terms: Any) -> ActiveOffer:
    """An offer that goes together with others, unless something else is said."""
    fields: dict[str, Any] = {"name": offer_id, "combinable": True, **terms}
    return ActiveOffer(offer_id, 1, OfferTerms(benefit=benefit, **fields))


def fifth(offer_id: str = "fifth", **terms: Any) -> ActiveOffer:
    """20 % off."""
    return offer(offer_id, PercentageOff(2000), **terms)


def price_of(
    cart: Cart,
    *offers: ActiveOffer,
    channel: Channel = WEB,
    brand: str = "main",
    now: datetime = NOON,
    facts: AudienceFacts = NO_FACTS,
    codes: Mapping[str, str] | None = None,
    used_codes: Mapping[str, str] | None = None,
    used_up: frozenset[str] = frozenset(),
    delivery_fee: Money | None = None,
) -> Price:
    """What a cart costs."""
    circumstances = Circumstances(channel, brand, now, facts, codes or {}, used_codes or {}, used_up, delivery_fee)
    return evaluate(cart, ActiveOffers.of(offers, len(offers)), circumstances)


def taxed(cart: Cart, basis_points: int, *, included: bool) -> Cart:
    """The same cart, with a tax on every line."""
    tax = TaxRate(basis_points, included)
    return replace(cart, lines=tuple(replace(line, article=replace(line.article, tax=tax)) for line in cart.lines))


def reasons(price: Price) -> dict[str, UnappliedReason]:
    """Why each offer did not apply."""
    return {unapplied.offer_id: unapplied.reason for unapplied in price.unapplied}


def totals(price: Price) -> list[int]:
    """What each line costs."""
    return [line.total.minor for line in price.lines]
