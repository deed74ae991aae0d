"""Remembers the price of an order as it was; which offers did not apply is not kept.

It is kept small, since it travels in the customer's record: amounts are numbers of the price's one currency, column by
column, and what an offer takes off is one list of numbers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from libs.channel import Channel
from services.cart.line_fields import Fields
from services.cart.line_values import LineId
from services.cart.money import Money
from services.cart.pricing.values import AppliedOffer, Gift, LineDiscount, LinePrice, Price


def price_to_fields(price: Price) -> Fields:
    """Write a price."""
    taken = [{discount.offer_id: discount.amount.minor for discount in line.discounts} for line in price.lines]
    return {
        "channel": price.channel.to_fields(),
        "time": price.time,
        "currency_code": price.total.currency_code,
        "line_ids": [line.line_id for line in price.lines],
        "full": [line.full.minor for line in price.lines],
        "left": [line.total.minor for line in price.lines],
        "tax": [line.tax.minor for line in price.lines],
        "gifts": [[gift.offer_id, gift.sku, gift.name, gift.quantity] for gift in price.gifts],
        "subtotal": price.subtotal.minor,
        "discount_total": price.discount_total.minor,
        "delivery_fee": price.delivery_fee.minor if price.delivery_fee else None,
        "delivery_discount": price.delivery_discount.minor,
        "tax_total": price.tax_total.minor,
        "total": price.total.minor,
        "applied": [
            {
                "offer_id": offer.offer_id,
                "version": offer.version,
                "name": offer.name,
                "amount": offer.amount.minor,
                "offer_code": offer.offer_code,
                **_taken_to_fields([of_line.get(offer.offer_id, 0) for of_line in taken]),
            }
            for offer in price.applied
        ],
        "facts_version": price.facts_version,
        "offers_edition": price.offers_edition,
    }


def price_from_fields(fields: Mapping[str, Any]) -> Price:
    """Read a price back."""
    currency_code, fee = fields["currency_code"], fields["delivery_fee"]

    def money(minor: int) -> Money:
        return Money(minor, currency_code)

    discounts: list[list[LineDiscount]] = [[] for _ in fields["line_ids"]]
    for offer in fields["applied"]:
        for line, minor in _taken_from_fields(offer):
            discounts[line].append(LineDiscount(offer["offer_id"], money(minor)))
    columns = (fields["line_ids"], fields["full"], discounts, fields["left"], fields["tax"])
    return Price(
        channel=Channel.from_fields(fields["channel"]),
        time=fields["time"],
        lines=tuple(
            LinePrice(LineId(line_id), money(full), tuple(its), money(left), money(tax))
            for line_id, full, its, left, tax in zip(*columns, strict=True)
        ),
        gifts=tuple(Gift(*gift) for gift in fields["gifts"]),
        subtotal=money(fields["subtotal"]),
        discount_total=money(fields["discount_total"]),
        delivery_fee=None if fee is None else money(fee),
        delivery_discount=money(fields["delivery_discount"]),
        tax_total=money(fields["tax_total"]),
        total=money(fields["total"]),
        applied=tuple(
            AppliedOffer(
                offer_id=offer["offer_id"],
                version=offer["version"],
                name=offer["name"],
                amount=money(offer["amount"]),
                offer_code=offer["offer_code"],
            )
            for offer in fields["applied"]
        ),
        facts_version=fields["facts_version"],
        offers_edition=fields["offers_edition"],
    )


def _taken_to_fields(minors: Sequence[int]) -> Fields:
    """Write what an offer takes off each line; where it is few lines, only these."""
    lines = [line for line, minor in enumerate(minors) if minor]
    if 2 * len(lines) < len(minors):
        return {"off_lines": lines, "off": [minors[line] for line in lines]}
    return {"off_lines": None, "off": list(minors)}


def _taken_from_fields(offer: Mapping[str, Any]) -> list[tuple[int, int]]:
    lines = range(len(offer["off"])) if offer["off_lines"] is None else offer["off_lines"]
    return [(line, minor) for line, minor in zip(lines, offer["off"], strict=True) if minor]
