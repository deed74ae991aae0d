"""What a cart costs on the other channels at the same moment, where that differs. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from libs.channel import Channel
from services.cart.offers.values import ActiveOffers
from services.cart.pricing.channel_groups import ChannelGroup
from services.cart.pricing.evaluation import Circumstances, evaluate_in_short
from services.cart.pricing.values import Price
from services.cart.values import Cart

MOST_ELSEWHERE = 20


def prices_elsewhere(
    cart: Cart, offers: ActiveOffers, circumstances: Circumstances, here: Price, groups: Sequence[ChannelGroup]
) -> tuple[Price, ...]:
    """Give the prices on other channels where the total, the offers or the gifts differ, by channel id, without lines.

    Of more than 20 first one of each group of channels that have the same offers, so that a thousand stores do not
    hide the web shop; then the others, by id.
    """
    differing = [
        (group, price)
        for group in groups
        if not any(channel.id == circumstances.channel.id for channel in group.channels)
        and _differs(price := _price_in(group, cart, offers, circumstances), here)
    ]
    firsts = [replace(price, channel=_at(group, 0)) for group, price in differing[:MOST_ELSEWHERE]]
    others = sorted(
        (
            replace(price, channel=_at(group, index))
            for group, price in differing
            for index in range(1, min(len(group.channels), MOST_ELSEWHERE))
        ),
        key=lambda price: price.channel.id,
    )
    chosen = (firsts + others)[:MOST_ELSEWHERE]
    return tuple(sorted(chosen, key=lambda price: price.channel.id))


def _price_in(group: ChannelGroup, cart: Cart, offers: ActiveOffers, circumstances: Circumstances) -> Price:
    there = replace(circumstances, channel=_at(group, 0), brand=group.channels[0].brand, delivery_fee=None)
    return evaluate_in_short(cart, offers, there)


def _differs(there: Price, here: Price) -> bool:
    return (there.total, _offers(there), there.gifts) != (here.total, _offers(here), here.gifts)


def _offers(price: Price) -> list[str]:
    return [offer.offer_id for offer in price.applied]


def _at(group: ChannelGroup, index: int) -> Channel:
    return Channel(group.channels[index].id, group.channels[index].kind)
