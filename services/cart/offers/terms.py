"""What is wrong with an offer as its author wrote it, beyond what each field alone can say. Pure."""

from libs.errors import FieldFault
from libs.rpc.channels import ChannelRegistry
from services.cart import errors
from services.cart.offers.values import AmountOff, CodeRule, FreeGift, OfferTerms, OfferWindow, PiecesForLess
from services.cart.offers.windows import closing_time, is_zone, local_time, opening_time

FEWEST_CODE_CHARACTERS = 3


def check_terms(offer_id: str, terms: OfferTerms, channels: ChannelRegistry) -> None:
    """Raise OFFER_TERMS_INVALID, OFFER_REFERS_TO_ITSELF or OFFER_LIMITS_CONFLICT where an offer can never be right."""
    faults = (
        *_benefit_faults(terms),
        *(_window_faults(terms.window) if terms.window else ()),
        *_code_faults(terms),
        *_choice_faults(terms, channels),
    )
    if faults:
        raise errors.offer_terms_invalid(faults)
    if offer_id in terms.excluded_offer_ids:
        raise errors.offer_refers_to_itself(FieldFault("terms.excluded_offer_ids", "names the offer itself"))
    if isinstance(terms.benefit, FreeGift) and terms.benefit.sku in terms.articles.skus:
        raise errors.offer_refers_to_itself(FieldFault("terms.free_gift.sku", "is one of the offer's own articles"))
    if 0 < terms.max_redemptions < terms.max_redemptions_per_customer:
        what = "more for one customer than in all"
        raise errors.offer_limits_conflict(FieldFault("terms.max_redemptions_per_customer", what))


def _benefit_faults(terms: OfferTerms) -> list[FieldFault]:
    benefit, faults = terms.benefit, []
    if isinstance(benefit, PiecesForLess):
        if benefit.pay_quantity >= benefit.take_quantity:
            faults.append(FieldFault("terms.pieces_for_less.pay_quantity", "not below take_quantity"))
        if terms.on_cart:
            faults.append(FieldFault("terms.on_cart", "pieces for less are on lines only"))
    if isinstance(benefit, AmountOff):
        if not benefit.amount.minor:
            faults.append(FieldFault("terms.amount_off.amount", "takes nothing off"))
        if terms.min_amount and terms.min_amount.currency_code != benefit.amount.currency_code:
            faults.append(FieldFault("terms.min_amount.currency_code", "another currency than the amount off"))
    return faults


def _window_faults(window: OfferWindow) -> list[FieldFault]:
    faults = [
        FieldFault(f"terms.window.{name}", "no time between the years 1970 and 9000")
        for name in ("start_local_time", "end_local_time")
        if getattr(window, name) and local_time(getattr(window, name)) is None
    ]
    if not is_zone(window.time_zone):
        faults.append(FieldFault("terms.window.time_zone", "no time zone of the IANA"))
    if (
        not faults
        and window.start_local_time
        and window.end_local_time
        and closing_time(window) <= opening_time(window)
    ):
        faults.append(FieldFault("terms.window.end_local_time", "not after the start"))
    return faults


def _code_faults(terms: OfferTerms) -> list[FieldFault]:
    if terms.code_rule is not CodeRule.SHARED:
        return [FieldFault("terms.shared_code", "only with the rule SHARED")] if terms.shared_code else []
    if len(terms.shared_code) < FEWEST_CODE_CHARACTERS:
        return [FieldFault("terms.shared_code", "fewer than 3 letters and digits")]
    return []


def _choice_faults(terms: OfferTerms, channels: ChannelRegistry) -> list[FieldFault]:
    faults = []
    if any(channels.find(channel_id) is None for channel_id in terms.channels.channel_ids):
        faults.append(FieldFault("terms.channels.channel_ids", "names a channel that is not registered"))
    if not terms.articles.skus.isdisjoint(terms.articles.excluded_skus):
        faults.append(FieldFault("terms.articles.excluded_skus", "names an article that the offer is for"))
    if not terms.audience.segment_ids.isdisjoint(terms.audience.excluded_segment_ids):
        faults.append(FieldFault("terms.audience.excluded_segment_ids", "names a segment that the offer is for"))
    return faults
