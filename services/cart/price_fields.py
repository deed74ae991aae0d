"""Remembers the price of an order as it was; which offers did not apply is not kept."""

from collections.abc import Mapping
from typing import Any

from libs.channel import Channel
from services.cart.line_fields import Fields, money_from_fields, money_to_fields
from services.cart.line_values import LineId
from services.cart.price_values import AppliedOffer, Gift, LineDiscount, LinePrice, Price


def price_to_fields(price: Price) -> Fields:
    """Write a price."""
    return {
        "channel": price.channel.to_fields(),
        "time": price.time,
        "lines": [_line_to_fields(line) for line in price.lines],
        "gifts": [[gift.offer_id, gift.sku, gift.name, gift.quantity] for gift in price.gifts],
        "subtotal": money_to_fields(price.subtotal),
        "discount_total": money_to_fields(price.discount_total),
        "delivery_fee": money_to_fields(price.delivery_fee) if price.delivery_fee else None,
        "delivery_discount": money_to_fields(price.delivery_discount),
        "tax_total": money_to_fields(price.tax_total),
        "total": money_to_fields(price.total),
        "applied": [_applied_to_fields(offer) for offer in price.applied],
        "facts_version": price.facts_version,
        "offers_edition": price.offers_edition,
    }


def price_from_fields(fields: Mapping[str, Any]) -> Price:
    """Read a price back."""
    return Price(
        channel=Channel.from_fields(fields["channel"]),
        time=fields["time"],
        lines=tuple(_line_from_fields(line) for line in fields["lines"]),
        gifts=tuple(Gift(*gift) for gift in fields["gifts"]),
        subtotal=money_from_fields(fields["subtotal"]),
        discount_total=money_from_fields(fields["discount_total"]),
        delivery_fee=money_from_fields(fields["delivery_fee"]) if fields["delivery_fee"] else None,
        delivery_discount=money_from_fields(fields["delivery_discount"]),
        tax_total=money_from_fields(fields["tax_total"]),
        total=money_from_fields(fields["total"]),
        applied=tuple(_applied_from_fields(offer) for offer in fields["applied"]),
        facts_version=fields["facts_version"],
        offers_edition=fields["offers_edition"],
    )


def _line_to_fields(line: LinePrice) -> Fields:
    return {
        "line_id": line.line_id,
        "full": money_to_fields(line.full),
        "discounts": [[discount.offer_id, money_to_fields(discount.amount)] for discount in line.discounts],
        "total": money_to_fields(line.total),
        "tax": money_to_fields(line.tax),
    }


def _line_from_fields(fields: Mapping[str, Any]) -> LinePrice:
    return LinePrice(
        line_id=LineId(fields["line_id"]),
        full=money_from_fields(fields["full"]),
        discounts=tuple(LineDiscount(offer_id, money_from_fields(amount)) for offer_id, amount in fields["discounts"]),
        total=money_from_fields(fields["total"]),
        tax=money_from_fields(fields["tax"]),
    )


def _applied_to_fields(offer: AppliedOffer) -> Fields:
    return {
        "offer_id": offer.offer_id,
        "version": offer.version,
        "name": offer.name,
        "amount": money_to_fields(offer.amount),
        "offer_code": offer.offer_code,
    }


def _applied_from_fields(fields: Mapping[str, Any]) -> AppliedOffer:
    return AppliedOffer(
        offer_id=fields["offer_id"],
        version=fields["version"],
        name=fields["name"],
        amount=money_from_fields(fields["amount"]),
        offer_code=fields["offer_code"],
    )
