"""What keeps an offer from applying before any amount is looked at: where, when, for whom, with which code, how often.

The same questions tell how an offer stands for a customer whatever the channel and the time (`offers/standings.py`).
"""

from libs.channel import Channel
from services.cart.audience.facts import AudienceFacts
from services.cart.offers.values import ActiveOffer, CodeRule, OfferAudience, OfferTerms
from services.cart.offers.windows import is_open
from services.cart.pricing.circumstances import Circumstances
from services.cart.pricing.values import UnappliedReason
from services.cart.values import Cart


def bar_of(offer: ActiveOffer, cart: Cart, circumstances: Circumstances) -> UnappliedReason | None:
    """Give the first thing that keeps an offer from applying, in the order of the enum; None where nothing does."""
    terms = offer.terms
    if not counts_at(terms, circumstances.channel, circumstances.brand):
        return UnappliedReason.OTHER_CHANNEL
    if terms.window is not None and not is_open(terms.window, circumstances.now):
        return UnappliedReason.OUTSIDE_WINDOW
    if not is_for(terms.audience, circumstances.facts, cart):
        return UnappliedReason.NOT_IN_AUDIENCE
    if terms.code_rule is not CodeRule.NONE and not code_for(offer, circumstances):
        was_used = offer.offer_id in circumstances.used_codes.values()
        return UnappliedReason.CODE_USED if was_used else UnappliedReason.CODE_MISSING
    if offer.offer_id in circumstances.used_up:
        return UnappliedReason.LIMIT_REACHED
    if has_redeemed_all(offer, cart):
        return UnappliedReason.CUSTOMER_LIMIT_REACHED
    return None


def counts_at(terms: OfferTerms, channel: Channel, brand: str) -> bool:
    """Whether an offer counts on a channel: its own brand's, and named by id or kind where any is named."""
    if terms.brand and terms.brand != brand:
        return False
    channels = terms.channels
    if not channels.kinds and not channels.channel_ids:
        return True
    return channel.kind in channels.kinds or channel.id in channels.channel_ids


def is_for(audience: OfferAudience, facts: AudienceFacts, cart: Cart) -> bool:
    """Whether a customer fulfils all that an audience asks for."""
    return (
        (not audience.segment_ids or not audience.segment_ids.isdisjoint(facts.segment_ids))
        and audience.excluded_segment_ids.isdisjoint(facts.segment_ids)
        and all(facts.traits.get(trait.name) in trait.values for trait in audience.traits)
        and not (audience.first_order and cart.order_count)
        and not (audience.known and not facts.known)
        and not (
            audience.journey_channel_kinds and audience.journey_channel_kinds.isdisjoint(facts.journey_channel_kinds)
        )
        and not (audience.campaign_ids and audience.campaign_ids.isdisjoint(facts.campaign_ids))
    )


def code_for(offer: ActiveOffer, circumstances: Circumstances) -> str:
    """Give the code that opens an offer, of several the first by the alphabet; empty where none does or is needed."""
    if offer.terms.code_rule is CodeRule.NONE:
        return ""
    return min((code for code, offer_id in circumstances.codes.items() if offer_id == offer.offer_id), default="")


def has_redeemed_all(offer: ActiveOffer, cart: Cart) -> bool:
    """Whether the customer redeemed an offer as often as they may."""
    most = offer.terms.max_redemptions_per_customer
    return bool(most) and any(one.offer_id == offer.offer_id and one.count >= most for one in cart.redemptions)
