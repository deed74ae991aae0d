"""Translates words about offers: what the contract says, and what the model says."""

from libs.mongo.documents import SavedDocument
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import offer_pb2
from omnithread.common.v1.channel_pb2 import ChannelKind
from services.cart.money import money_to_proto, price_from_proto
from services.cart.offers.standings import Standing
from services.cart.offers.values import (
    AmountOff,
    Benefit,
    CodeRule,
    FreeDelivery,
    FreeGift,
    Offer,
    OfferArticles,
    OfferAudience,
    OfferChannels,
    OfferState,
    OfferTerms,
    OfferWindow,
    PercentageOff,
    PiecesForLess,
    TraitChoice,
)
from services.cart.redemption.codes import normal_code

RULES = {
    CodeRule.NONE: offer_pb2.OFFER_CODE_RULE_UNSPECIFIED,
    CodeRule.SHARED: offer_pb2.OFFER_CODE_RULE_SHARED,
    CodeRule.SINGLE_USE: offer_pb2.OFFER_CODE_RULE_SINGLE_USE,
}
_FROM_RULES = {number: rule for rule, number in RULES.items()}


def terms_from_proto(terms: offer_pb2.OfferTerms) -> OfferTerms:
    """Read what an offer gives. Raises PRICE_INVALID, CURRENCY_UNKNOWN."""
    return OfferTerms(
        name=terms.name,
        benefit=_benefit_from_proto(terms),
        description=terms.description,
        brand=terms.brand,
        on_cart=terms.on_cart,
        articles=OfferArticles(
            frozenset(terms.articles.skus),
            frozenset(terms.articles.categories),
            frozenset(terms.articles.excluded_skus),
        ),
        min_amount=price_from_proto(terms.min_amount, "terms.min_amount") if terms.HasField("min_amount") else None,
        min_quantity=terms.min_quantity,
        window=_window_from_proto(terms.window) if terms.HasField("window") else None,
        channels=OfferChannels(frozenset(terms.channels.kinds), frozenset(terms.channels.channel_ids)),
        audience=_audience_from_proto(terms.audience),
        code_rule=_FROM_RULES[terms.code_rule],
        shared_code=normal_code(terms.shared_code),
        max_redemptions=terms.max_redemptions,
        max_redemptions_per_customer=terms.max_redemptions_per_customer,
        priority=terms.priority,
        combinable=terms.combinable,
        excluded_offer_ids=frozenset(terms.excluded_offer_ids),
    )


def terms_to_proto(terms: OfferTerms) -> offer_pb2.OfferTerms:
    """Write what an offer gives; what has no order comes sorted."""
    message = offer_pb2.OfferTerms(
        name=terms.name,
        description=terms.description,
        brand=terms.brand,
        on_cart=terms.on_cart,
        min_amount=money_to_proto(terms.min_amount) if terms.min_amount else None,
        min_quantity=terms.min_quantity,
        window=window_to_proto(terms.window) if terms.window else None,
        channels=channels_to_proto(terms.channels),
        code_rule=RULES[terms.code_rule],
        shared_code=terms.shared_code,
        max_redemptions=terms.max_redemptions,
        max_redemptions_per_customer=terms.max_redemptions_per_customer,
        priority=terms.priority,
        combinable=terms.combinable,
        excluded_offer_ids=sorted(terms.excluded_offer_ids),
    )
    if terms.articles != OfferArticles():
        message.articles.skus.extend(sorted(terms.articles.skus))
        message.articles.categories.extend(sorted(terms.articles.categories))
        message.articles.excluded_skus.extend(sorted(terms.articles.excluded_skus))
    if terms.audience != OfferAudience():
        message.audience.CopyFrom(_audience_to_proto(terms.audience))
    _write_benefit(message, terms.benefit)
    return message


def offer_to_proto(saved: SavedDocument[Offer], terms: OfferTerms | None, *, redemption_count: int) -> offer_pb2.Offer:
    """Write an offer with one of its texts."""
    offer = saved.state
    return offer_pb2.Offer(
        offer_id=saved.key,
        terms=terms_to_proto(terms) if terms else None,
        state=offer_pb2.OfferState.Value(f"OFFER_STATE_{offer.state.name}"),
        version=offer.version,
        has_draft=offer.draft is not None,
        redemption_count=redemption_count,
        create_time=to_timestamp(offer.create_time) if offer.create_time else None,
        update_time=to_timestamp(saved.update_time),
        etag=saved.etag(),
    )


def state_from_proto(value: offer_pb2.OfferState.ValueType) -> OfferState | None:
    """Read a state; None where none is stated."""
    if value == offer_pb2.OFFER_STATE_UNSPECIFIED:
        return None
    return OfferState[offer_pb2.OfferState.Name(value).removeprefix("OFFER_STATE_")]


def standing_to_proto(standing: Standing) -> offer_pb2.OfferStanding:
    """Write how an offer stands for a customer."""
    terms = standing.offer.terms
    return offer_pb2.OfferStanding(
        offer_id=standing.offer.offer_id,
        version=standing.offer.version,
        name=terms.name,
        description=terms.description,
        eligibility=offer_pb2.Eligibility.Value(f"ELIGIBILITY_{standing.eligibility.name}"),
        channels=channels_to_proto(terms.channels),
        window=window_to_proto(terms.window) if terms.window else None,
        brand=terms.brand,
    )


def channels_to_proto(channels: OfferChannels) -> offer_pb2.OfferChannels | None:
    """Write where an offer counts; None for everywhere."""
    if not channels.kinds and not channels.channel_ids:
        return None
    return offer_pb2.OfferChannels(kinds=_kinds(channels.kinds), channel_ids=sorted(channels.channel_ids))


def window_to_proto(window: OfferWindow) -> offer_pb2.OfferWindow:
    """Write when an offer counts."""
    return offer_pb2.OfferWindow(
        start_local_time=window.start_local_time,
        end_local_time=window.end_local_time,
        time_zone=window.time_zone,
        weekdays=sorted(window.weekdays),
        day_start_minute=window.day_start_minute,
        day_end_minute=window.day_end_minute,
    )


def _window_from_proto(window: offer_pb2.OfferWindow) -> OfferWindow:
    return OfferWindow(
        time_zone=window.time_zone,
        start_local_time=window.start_local_time,
        end_local_time=window.end_local_time,
        weekdays=frozenset(window.weekdays),
        day_start_minute=window.day_start_minute,
        day_end_minute=window.day_end_minute,
    )


def _audience_from_proto(audience: offer_pb2.OfferAudience) -> OfferAudience:
    return OfferAudience(
        segment_ids=frozenset(audience.segment_ids),
        excluded_segment_ids=frozenset(audience.excluded_segment_ids),
        traits=tuple(TraitChoice(trait.name, frozenset(trait.values)) for trait in audience.traits),
        first_order=audience.first_order,
        known=audience.known,
        journey_channel_kinds=frozenset(audience.journey_channel_kinds),
        campaign_ids=frozenset(audience.campaign_ids),
    )


def _audience_to_proto(audience: OfferAudience) -> offer_pb2.OfferAudience:
    return offer_pb2.OfferAudience(
        segment_ids=sorted(audience.segment_ids),
        excluded_segment_ids=sorted(audience.excluded_segment_ids),
        traits=[offer_pb2.TraitChoice(name=trait.name, values=sorted(trait.values)) for trait in audience.traits],
        first_order=audience.first_order,
        known=audience.known,
        journey_channel_kinds=_kinds(audience.journey_channel_kinds),
        campaign_ids=sorted(audience.campaign_ids),
    )


def _benefit_from_proto(terms: offer_pb2.OfferTerms) -> Benefit:
    match terms.WhichOneof("benefit"):
        case "percentage_off":
            return PercentageOff(terms.percentage_off.basis_points)
        case "amount_off":
            return AmountOff(price_from_proto(terms.amount_off.amount, "terms.amount_off.amount"))
        case "pieces_for_less":
            pieces = terms.pieces_for_less
            return PiecesForLess(pieces.take_quantity, pieces.pay_quantity, pieces.max_times)
        case "free_gift":
            return FreeGift(terms.free_gift.sku, terms.free_gift.name, terms.free_gift.quantity)
        case _:
            return FreeDelivery()


def _write_benefit(message: offer_pb2.OfferTerms, benefit: Benefit) -> None:
    match benefit:
        case PercentageOff(basis_points):
            message.percentage_off.basis_points = basis_points
        case AmountOff(amount):
            message.amount_off.amount.CopyFrom(money_to_proto(amount))
        case PiecesForLess(take, pay, max_times):
            pieces = offer_pb2.PiecesForLess(take_quantity=take, pay_quantity=pay, max_times=max_times)
            message.pieces_for_less.CopyFrom(pieces)
        case FreeGift(sku, name, quantity):
            message.free_gift.CopyFrom(offer_pb2.FreeGift(sku=sku, name=name, quantity=quantity))
        case FreeDelivery():
            message.free_delivery.SetInParent()


def _kinds(kinds: frozenset[int]) -> list[ChannelKind.ValueType]:
    return [ChannelKind.ValueType(kind) for kind in sorted(kinds)]
