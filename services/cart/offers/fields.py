"""Remembers offers: documents that belong to no customer, and every text that ever counted."""

from collections.abc import Mapping
from typing import Any

from libs.mongo.documents import DocumentShape
from libs.mongo.migrate import Index
from services.cart.line_fields import Fields, money_from_fields, money_to_fields
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

OFFERS = "offers"
OFFER_VERSIONS = "offer_versions"
"""Texts that counted before the present one; `_id` is `offer_id:version`."""
OFFER_INDEXES = (
    Index(OFFERS, (("version", 1), ("_id", 1))),
    Index(OFFERS, (("state", 1), ("_id", 1))),
)


def offer_to_fields(offer: Offer) -> Fields:
    """Write an offer as top-level fields of its document."""
    return {
        "state": str(offer.state),
        "offer_version": offer.version,
        "draft": terms_to_fields(offer.draft) if offer.draft else None,
        "terms": terms_to_fields(offer.terms) if offer.terms else None,
        "create_time": offer.create_time,
    }


def offer_from_document(document: Mapping[str, Any]) -> Offer:
    """Read an offer back."""
    return Offer(
        offer_id=document["_id"],
        state=OfferState(document["state"]),
        version=document["offer_version"],
        draft=terms_from_fields(document["draft"]) if document["draft"] else None,
        terms=terms_from_fields(document["terms"]) if document["terms"] else None,
        create_time=document["create_time"],
    )


OFFER_SHAPE: DocumentShape[Offer] = DocumentShape(
    empty=Offer, to_fields=offer_to_fields, from_document=offer_from_document
)


def terms_to_fields(terms: OfferTerms) -> Fields:
    """Write what an offer gives."""
    return {
        "name": terms.name,
        "description": terms.description,
        "brand": terms.brand,
        "benefit": _benefit_to_fields(terms.benefit),
        "on_cart": terms.on_cart,
        "articles": [
            sorted(names) for names in (terms.articles.skus, terms.articles.categories, terms.articles.excluded_skus)
        ],
        "min_amount": money_to_fields(terms.min_amount) if terms.min_amount else None,
        "min_quantity": terms.min_quantity,
        "window": _window_to_fields(terms.window) if terms.window else None,
        "channels": [sorted(terms.channels.kinds), sorted(terms.channels.channel_ids)],
        "audience": _audience_to_fields(terms.audience),
        "code_rule": str(terms.code_rule),
        "shared_code": terms.shared_code,
        "max_redemptions": terms.max_redemptions,
        "max_redemptions_per_customer": terms.max_redemptions_per_customer,
        "priority": terms.priority,
        "combinable": terms.combinable,
        "excluded_offer_ids": sorted(terms.excluded_offer_ids),
    }


def terms_from_fields(fields: Mapping[str, Any]) -> OfferTerms:
    """Read what an offer gives."""
    return OfferTerms(
        name=fields["name"],
        description=fields["description"],
        brand=fields["brand"],
        benefit=_benefit_from_fields(fields["benefit"]),
        on_cart=fields["on_cart"],
        articles=OfferArticles(*map(frozenset, fields["articles"])),
        min_amount=money_from_fields(fields["min_amount"]) if fields["min_amount"] else None,
        min_quantity=fields["min_quantity"],
        window=_window_from_fields(fields["window"]) if fields["window"] else None,
        channels=OfferChannels(*map(frozenset, fields["channels"])),
        audience=_audience_from_fields(fields["audience"]),
        code_rule=CodeRule(fields["code_rule"]),
        shared_code=fields["shared_code"],
        max_redemptions=fields["max_redemptions"],
        max_redemptions_per_customer=fields["max_redemptions_per_customer"],
        priority=fields["priority"],
        combinable=fields["combinable"],
        excluded_offer_ids=frozenset(fields["excluded_offer_ids"]),
    )


def _benefit_to_fields(benefit: Benefit) -> list[Any]:
    match benefit:
        case PercentageOff(basis_points):
            return ["percentage_off", basis_points]
        case AmountOff(amount):
            return ["amount_off", money_to_fields(amount)]
        case PiecesForLess(take, pay, max_times):
            return ["pieces_for_less", take, pay, max_times]
        case FreeGift(sku, name, quantity):
            return ["free_gift", sku, name, quantity]
        case FreeDelivery():
            return ["free_delivery"]


def _benefit_from_fields(fields: list[Any]) -> Benefit:
    kind, *values = fields
    if kind == "amount_off":
        return AmountOff(money_from_fields(values[0]))
    of_kind = {"percentage_off": PercentageOff, "pieces_for_less": PiecesForLess, "free_gift": FreeGift}
    return of_kind[kind](*values) if values else FreeDelivery()


def _window_to_fields(window: OfferWindow) -> Fields:
    return {
        "time_zone": window.time_zone,
        "start_local_time": window.start_local_time,
        "end_local_time": window.end_local_time,
        "weekdays": sorted(window.weekdays),
        "day_start_minute": window.day_start_minute,
        "day_end_minute": window.day_end_minute,
    }


def _window_from_fields(fields: Mapping[str, Any]) -> OfferWindow:
    return OfferWindow(**{**fields, "weekdays": frozenset(fields["weekdays"])})


def _audience_to_fields(audience: OfferAudience) -> Fields:
    return {
        "segment_ids": sorted(audience.segment_ids),
        "excluded_segment_ids": sorted(audience.excluded_segment_ids),
        "traits": [[trait.name, sorted(trait.values)] for trait in audience.traits],
        "first_order": audience.first_order,
        "known": audience.known,
        "journey_channel_kinds": sorted(audience.journey_channel_kinds),
        "campaign_ids": sorted(audience.campaign_ids),
    }


def _audience_from_fields(fields: Mapping[str, Any]) -> OfferAudience:
    return OfferAudience(
        segment_ids=frozenset(fields["segment_ids"]),
        excluded_segment_ids=frozenset(fields["excluded_segment_ids"]),
        traits=tuple(TraitChoice(name, frozenset(values)) for name, values in fields["traits"]),
        first_order=fields["first_order"],
        known=fields["known"],
        journey_channel_kinds=frozenset(fields["journey_channel_kinds"]),
        campaign_ids=frozenset(fields["campaign_ids"]),
    )
