"""Translates words about prices: what the model says into what the contract says."""

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import price_pb2
from services.cart.money import money_to_proto
from services.cart.pricing.values import AppliedOffer, Gift, LinePrice, Price, UnappliedOffer, UnappliedReason


def price_to_proto(price: Price) -> price_pb2.CartPrice:
    """Write a price."""
    return price_pb2.CartPrice(
        channel=price.channel.to_proto(),
        price_time=to_timestamp(price.time),
        lines=[_line_to_proto(line) for line in price.lines],
        gifts=[_gift_to_proto(gift) for gift in price.gifts],
        subtotal=money_to_proto(price.subtotal),
        discount_total=money_to_proto(price.discount_total),
        delivery_fee=money_to_proto(price.delivery_fee) if price.delivery_fee else None,
        delivery_discount=money_to_proto(price.delivery_discount),
        tax_total=money_to_proto(price.tax_total),
        total=money_to_proto(price.total),
        applied_offers=[applied_to_proto(offer) for offer in price.applied],
        unapplied_offers=[_unapplied_to_proto(offer) for offer in price.unapplied],
        facts_version=price.facts_version,
        offers_edition=price.offers_edition,
    )


def elsewhere_to_proto(price: Price) -> price_pb2.ChannelPrice:
    """Write what a cart costs on another channel, in short."""
    return price_pb2.ChannelPrice(
        channel=price.channel.to_proto(),
        total=money_to_proto(price.total),
        discount_total=money_to_proto(price.discount_total),
        applied_offers=[applied_to_proto(offer) for offer in price.applied],
        gifts=[_gift_to_proto(gift) for gift in price.gifts],
    )


def _line_to_proto(line: LinePrice) -> price_pb2.LinePrice:
    return price_pb2.LinePrice(
        line_id=line.line_id,
        full=money_to_proto(line.full),
        discounts=[
            price_pb2.LineDiscount(offer_id=discount.offer_id, amount=money_to_proto(discount.amount))
            for discount in line.discounts
        ],
        total=money_to_proto(line.total),
        tax=money_to_proto(line.tax),
    )


def _gift_to_proto(gift: Gift) -> price_pb2.Gift:
    return price_pb2.Gift(offer_id=gift.offer_id, sku=gift.sku, name=gift.name, quantity=gift.quantity)


def applied_to_proto(offer: AppliedOffer) -> price_pb2.AppliedOffer:
    """Write an offer that counts."""
    return price_pb2.AppliedOffer(
        offer_id=offer.offer_id,
        version=offer.version,
        name=offer.name,
        amount=money_to_proto(offer.amount),
        offer_code=offer.offer_code,
    )


def _unapplied_to_proto(offer: UnappliedOffer) -> price_pb2.UnappliedOffer:
    return price_pb2.UnappliedOffer(
        offer_id=offer.offer_id,
        version=offer.version,
        name=offer.name,
        reason=_reason_to_proto(offer.reason),
        missing_amount=money_to_proto(offer.missing_amount) if offer.missing_amount else None,
        missing_quantity=offer.missing_quantity,
    )


def _reason_to_proto(reason: UnappliedReason) -> price_pb2.UnappliedReason.ValueType:
    return price_pb2.UnappliedReason.Value(f"UNAPPLIED_REASON_{reason.name}")
