"""What an offer gives, to whom, when and where, as English sentences."""

from omnithread.cart.v1.offer_pb2 import (
    OFFER_CODE_RULE_SHARED,
    OFFER_CODE_RULE_SINGLE_USE,
    Offer,
    OfferArticles,
    OfferAudience,
    OfferState,
    OfferTerms,
    OfferWindow,
)
from omnithread.common.v1.channel_pb2 import ChannelKind
from services.console.marketing.measures import clock_time, count, listed
from services.console.pages.words import enum_words, money

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MOST_NAMED = 10
"""Of long lists so many are named in a sentence."""


def offer_state(offer: Offer) -> str:
    """`active`, `draft`, `ended`."""
    return enum_words(OfferState.DESCRIPTOR, offer.state)


def benefit_words(terms: OfferTerms) -> str:
    """What it gives."""
    where = " the cart" if terms.on_cart else " each line"
    match terms.WhichOneof("benefit"):
        case "percentage_off":
            return f"{terms.percentage_off.basis_points / 100:g} % off{where}."
        case "amount_off":
            return f"{money(terms.amount_off.amount)} off{where if terms.on_cart else ' each piece'}."
        case "pieces_for_less":
            pieces = terms.pieces_for_less
            most = f", at most {count(pieces.max_times, 'time')} in a cart" if pieces.max_times else ""
            return f"{pieces.take_quantity} for the price of {pieces.pay_quantity}; the cheapest are free{most}."
        case "free_gift":
            gift = terms.free_gift
            return f"{gift.quantity} × {gift.name} ({gift.sku}) free of charge, once per order."
        case "free_delivery":
            return "Free delivery."
        case other:
            return f"Something that this console does not know ({other})."


def terms_words(terms: OfferTerms) -> list[str]:
    """What else has to be so, one sentence for each thing that is said; what is not said holds for everybody."""
    return [
        *_articles(terms.articles),
        *_least(terms),
        window_words(terms.window) if terms.HasField("window") else "It counts always.",
        channels_words(terms),
        *audience_words(terms.audience),
        code_words(terms),
        *limit_words(terms),
        "It goes together with other offers."
        if terms.combinable
        else "It goes together with no other offer: only for lines that none has touched.",
        *(
            [f"It gives way to, and keeps out: {_some(list(terms.excluded_offer_ids))}."]
            if terms.excluded_offer_ids
            else []
        ),
    ]


def window_words(window: OfferWindow) -> str:
    """When it counts."""
    start = f"from {window.start_local_time.replace('T', ' ')}" if window.start_local_time else ""
    end = f"until {window.end_local_time.replace('T', ' ')}" if window.end_local_time else ""
    named = [WEEKDAYS[day - 1] for day in sorted(window.weekdays) if 1 <= day <= 7]
    days = f"on {listed(named)}" if named else ""
    hours = ""
    if window.day_start_minute != window.day_end_minute:
        hours = f"between {clock_time(window.day_start_minute)} and {clock_time(window.day_end_minute)}"
    return " ".join(("It counts", *filter(None, (start, end, days, hours)), f"({window.time_zone})")) + "."


def channels_words(terms: OfferTerms) -> str:
    """Where it counts."""
    kinds = [enum_words(ChannelKind.DESCRIPTOR, kind) for kind in terms.channels.kinds]
    where = [*kinds, *terms.channels.channel_ids]
    brand = f" of the brand {terms.brand}" if terms.brand else ""
    return f"It counts on {_some(where)}{brand}." if where else f"It counts on every channel{brand}."


def audience_words(audience: OfferAudience) -> list[str]:
    """For whom it is."""
    words = []
    if audience.segment_ids:
        words.append(f"are in {listed(audience.segment_ids, last='or')}")
    if audience.excluded_segment_ids:
        words.append(f"are not in {listed(audience.excluded_segment_ids, last='or')}")
    words += [f"have {one.name} {listed(one.values, last='or')}" for one in audience.traits]
    if audience.first_order:
        words.append("never ordered anything")
    if audience.known:
        words.append("are known, no guests")
    if audience.journey_channel_kinds:
        kinds = (enum_words(ChannelKind.DESCRIPTOR, kind) for kind in audience.journey_channel_kinds)
        words.append(f"were on {listed(kinds, last='or')} in their present journey")
    if audience.campaign_ids:
        words.append(f"came by an advertisement of {listed(audience.campaign_ids, last='or')}")
    return [f"It is for customers who {listed(words)}."] if words else ["It is for everybody."]


def code_words(terms: OfferTerms) -> str:
    """Whether it needs a code."""
    if terms.code_rule == OFFER_CODE_RULE_SHARED:
        return f"It needs the code {terms.shared_code}, which everybody may use."
    if terms.code_rule == OFFER_CODE_RULE_SINGLE_USE:
        return "It needs a code of its own, each for one order."
    return "It needs no code."


def limit_words(terms: OfferTerms) -> list[str]:
    """How often it may be had."""
    words = []
    if terms.max_redemptions:
        words.append(f"At most {count(terms.max_redemptions, 'order')} may redeem it.")
    if terms.max_redemptions_per_customer:
        words.append(f"At most {count(terms.max_redemptions_per_customer, 'order')} of one customer may redeem it.")
    return words


def redemption_words(offer: Offer) -> str:
    """How many redeemed it, as far as it is counted."""
    most = offer.terms.max_redemptions
    if not most:
        return "Not counted: it has no limit of redemptions."
    return f"{offer.redemption_count:,} of {most:,} redeemed."


def _articles(articles: OfferArticles) -> list[str]:
    named = [*articles.categories, *articles.skus]
    words = [f"For {_some(named)}."] if named else ["For every article."]
    return [*words, f"Without {_some(list(articles.excluded_skus))}."] if articles.excluded_skus else words


def _least(terms: OfferTerms) -> list[str]:
    words = [f"Its lines must cost at least {money(terms.min_amount)}."] if terms.HasField("min_amount") else []
    return [*words, f"At least {count(terms.min_quantity, 'piece')}."] if terms.min_quantity else words


def _some(names: list[str]) -> str:
    if len(names) <= MOST_NAMED:
        return listed(names)
    return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED:,} more"
