"""What a cart costs with offers, example by example."""

from dataclasses import replace

import pytest

from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from services.cart.audience.facts import AudienceFacts
from services.cart.money import Money
from services.cart.offers.values import (
    ActiveOffer,
    AmountOff,
    CodeRule,
    FreeDelivery,
    FreeGift,
    OfferArticles,
    OfferAudience,
    OfferChannels,
    OfferWindow,
    PercentageOff,
    PiecesForLess,
    TraitChoice,
)
from services.cart.pricing.values import Gift, UnappliedReason
from services.cart.values import Cart, Redemption
from tests.services.cart.offer_samples import SHOES, STORE, fifth, francs, offer, price_of, reasons, taxed, totals
from tests.services.cart.samples import article, cart_of

SOCKS = OfferArticles(skus=frozenset({"sock"}))
ON_WEB = OfferChannels(kinds=frozenset({CHANNEL_KIND_WEB}))
IN_STORES = OfferChannels(kinds=frozenset({CHANNEL_KIND_STORE}))


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ([], [10000, 3000]),
        ([fifth()], [8000, 2400]),
        ([fifth(articles=SOCKS)], [10000, 2400]),
        ([fifth(on_cart=True)], [8000, 2400]),
        ([offer("a", AmountOff(francs(1200)))], [7600, 0]),  # off each piece, and never below zero
        ([offer("a", AmountOff(francs(1300)), on_cart=True)], [9000, 2700]),  # once, shared
        ([offer("a", AmountOff(francs(10**9)), on_cart=True)], [0, 0]),
        ([offer("a", PiecesForLess(2, 1), articles=SOCKS)], [10000, 2000]),  # the third sock finds no partner
        ([offer("a", PiecesForLess(2, 1))], [5000, 2000]),  # shoe+shoe, sock+sock, and a sock
        ([offer("a", PiecesForLess(2, 1, max_times=1))], [5000, 3000]),  # the dearest group counts
        ([offer("a", PiecesForLess(3, 2))], [10000, 2000]),  # shoe, shoe, sock: the sock is free
        ([fifth("a", priority=1), fifth("b")], [6400, 1920]),  # each sees what the one before it left
        ([fifth("a", articles=SOCKS, priority=1), fifth("b", combinable=False)], [8000, 2400]),
        ([fifth("a", articles=SOCKS, combinable=False, priority=1), fifth("b")], [8000, 2400]),
    ],
)
def test_offers_take_off_what_they_promise(offers: list[ActiveOffer], expected: list[int]) -> None:
    price = price_of(SHOES, *offers)
    assert totals(price) == expected
    assert price.total.minor == sum(expected)


def test_one_more_on_the_web_and_a_fifth_off_in_the_store_at_the_same_moment() -> None:
    offers = (offer("more", PiecesForLess(2, 1), channels=ON_WEB), fifth(channels=IN_STORES))
    web, store = price_of(SHOES, *offers), price_of(SHOES, *offers, channel=STORE)
    assert (web.total, store.total) == (francs(7000), francs(10400))
    assert reasons(web) == {"fifth": UnappliedReason.OTHER_CHANNEL}
    assert reasons(store) == {"more": UnappliedReason.OTHER_CHANNEL}


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (fifth(channels=IN_STORES), UnappliedReason.OTHER_CHANNEL),
        (fifth(brand="other"), UnappliedReason.OTHER_CHANNEL),
        (fifth(window=OfferWindow("Europe/Berlin", "2026-03-14T13:01")), UnappliedReason.OUTSIDE_WINDOW),
        (fifth(audience=OfferAudience(segment_ids=frozenset({"vip"}))), UnappliedReason.NOT_IN_AUDIENCE),
        (fifth(audience=OfferAudience(known=True)), UnappliedReason.NOT_IN_AUDIENCE),
        (fifth(code_rule=CodeRule.SHARED, shared_code="SPRING"), UnappliedReason.CODE_MISSING),
        (fifth(articles=OfferArticles(skus=frozenset({"boot"}))), UnappliedReason.NO_MATCHING_LINE),
        (fifth(articles=OfferArticles(categories=frozenset({"toys"}))), UnappliedReason.NO_MATCHING_LINE),
        (fifth(min_amount=francs(13001)), UnappliedReason.BELOW_MINIMUM),
        (fifth(min_quantity=6), UnappliedReason.BELOW_MINIMUM),
        (offer("fifth", PiecesForLess(6, 5)), UnappliedReason.BELOW_MINIMUM),
        (offer("fifth", AmountOff(Money(100, "EUR"))), UnappliedReason.OTHER_CURRENCY),
        (fifth(min_amount=Money(100, "EUR")), UnappliedReason.OTHER_CURRENCY),
        (offer("fifth", FreeDelivery()), UnappliedReason.NO_DELIVERY),
    ],
)
def test_an_offer_that_does_not_apply_says_why(one: ActiveOffer, reason: UnappliedReason) -> None:
    assert reasons(price_of(SHOES, one)) == {"fifth": reason}


def test_what_is_missing_to_a_minimum_is_named_after_the_offers_before_it() -> None:
    free_delivery = offer("free", FreeDelivery(), min_amount=francs(12000))
    price = price_of(SHOES, fifth(priority=1), free_delivery, delivery_fee=francs(700))
    assert [(one.reason, one.missing_amount) for one in price.unapplied] == [
        (UnappliedReason.BELOW_MINIMUM, francs(1600))
    ]
    pieces = price_of(SHOES, fifth(min_quantity=7, min_amount=francs(99999)))
    assert [(one.missing_quantity, one.missing_amount) for one in pieces.unapplied] == [(2, None)]


def test_whoever_is_in_the_audience_has_the_offer() -> None:
    audience = OfferAudience(
        segment_ids=frozenset({"vip", "runner"}),
        excluded_segment_ids=frozenset({"staff"}),
        traits=(TraitChoice("tier", frozenset({"gold", "silver"})),),
        known=True,
        journey_channel_kinds=frozenset({CHANNEL_KIND_STORE}),
        campaign_ids=frozenset({"spring"}),
    )
    facts = AudienceFacts(
        7, True, frozenset({"vip"}), {"tier": "gold"}, frozenset({CHANNEL_KIND_STORE}), frozenset({"spring"})
    )
    price = price_of(SHOES, fifth(audience=audience), facts=facts)
    assert (price.total, price.facts_version) == (francs(10400), 7)
    staff = AudienceFacts(
        8, True, frozenset({"vip", "staff"}), {"tier": "gold"}, frozenset({CHANNEL_KIND_STORE}), frozenset({"spring"})
    )
    assert reasons(price_of(SHOES, fifth(audience=audience), facts=staff)) == {"fifth": UnappliedReason.NOT_IN_AUDIENCE}


def test_a_code_opens_its_offer_and_is_named_and_a_used_one_says_so() -> None:
    one = fifth(code_rule=CodeRule.SINGLE_USE)
    assert [applied.offer_code for applied in price_of(SHOES, one, codes={"ZZ9": "fifth", "AB1": "fifth"}).applied] == [
        "AB1"
    ]
    assert reasons(price_of(SHOES, one, used_codes={"AB1": "fifth"})) == {"fifth": UnappliedReason.CODE_USED}


def test_limits_hold_in_all_and_for_each_customer() -> None:
    one = fifth(max_redemptions_per_customer=2)
    assert reasons(price_of(SHOES, one, used_up=frozenset({"fifth"}))) == {"fifth": UnappliedReason.LIMIT_REACHED}
    once, twice = [_with_redemptions(count) for count in (1, 2)]
    assert price_of(once, one).total == francs(10400)
    assert reasons(price_of(twice, one)) == {"fifth": UnappliedReason.CUSTOMER_LIMIT_REACHED}


def test_an_offer_for_first_orders_is_for_whoever_never_ordered() -> None:
    one = fifth(audience=OfferAudience(first_order=True))
    assert price_of(SHOES, one).total == francs(10400)
    assert reasons(price_of(_with_redemptions(0, orders=1), one)) == {"fifth": UnappliedReason.NOT_IN_AUDIENCE}


def test_of_two_where_one_excludes_the_other_the_first_applies() -> None:
    polite = fifth("polite", excluded_offer_ids=frozenset({"loud"}), priority=0)
    for loud in (fifth("loud", priority=1), fifth("loud", priority=-1)):
        price = price_of(SHOES, polite, loud)
        second = "polite" if loud.terms.priority > 0 else "loud"
        assert reasons(price) == {second: UnappliedReason.NOT_COMBINABLE}


def test_an_offer_that_stands_alone_says_so_where_its_lines_are_taken() -> None:
    price = price_of(SHOES, fifth("first", priority=1), fifth("alone", combinable=False))
    assert reasons(price) == {"alone": UnappliedReason.NOT_COMBINABLE}
    closed = price_of(SHOES, fifth("alone", combinable=False, priority=1), fifth("later"))
    assert reasons(closed) == {"later": UnappliedReason.NOT_COMBINABLE}


def test_a_gift_is_free_and_costs_nothing_and_takes_no_line_from_another_offer() -> None:
    gift = offer("gift", FreeGift("bag", "The bag", 1), min_amount=francs(10000), priority=1)
    price = price_of(SHOES, gift, fifth(combinable=False))
    assert price.gifts == (Gift("gift", "bag", "The bag", 1),)
    assert [(one.offer_id, one.amount.minor) for one in price.applied] == [("gift", 0), ("fifth", 2600)]


def test_delivery_is_free_once() -> None:
    price = price_of(SHOES, offer("a", FreeDelivery()), offer("b", FreeDelivery()), delivery_fee=francs(700))
    assert (price.delivery_fee, price.delivery_discount, price.total) == (francs(700), francs(700), francs(13000))
    assert reasons(price) == {"b": UnappliedReason.NOTHING_LEFT}
    assert price_of(SHOES, delivery_fee=francs(700)).total == francs(13700)


def test_a_rest_that_cannot_be_shared_goes_to_the_largest_remainders_and_then_to_the_first_lines() -> None:
    three = cart_of((article("a", 1000), 1), (article("b", 1000), 1), (article("c", 1000), 1))
    assert totals(price_of(three, offer("ten", AmountOff(francs(1000)), on_cart=True))) == [666, 667, 667]


def test_pieces_that_an_earlier_offer_made_uneven_are_counted_to_the_cent() -> None:
    three = cart_of((article("a", 1000), 3))
    one_off = offer("cent", AmountOff(francs(1)), on_cart=True, priority=1)
    assert totals(price_of(three, one_off, offer("more", PiecesForLess(3, 2)))) == [2000]  # 1000, 1000, and 999 free


def test_at_most_fifty_offers_apply_so_that_an_order_can_keep_them_all() -> None:
    price = price_of(SHOES, *(offer(f"{number:02}", PercentageOff(100)) for number in range(52)))
    assert len(price.applied) == 50
    assert reasons(price) == {"50": UnappliedReason.NOT_COMBINABLE, "51": UnappliedReason.NOT_COMBINABLE}


def test_half_a_cent_is_rounded_up() -> None:
    odd = cart_of((article("a", 5), 1))
    assert totals(price_of(odd, offer("tenth", PercentageOff(1000)))) == [4]


def test_tax_is_in_the_total_whether_prices_have_it_or_not() -> None:
    inside = price_of(taxed(SHOES, 810, included=True), fifth())
    assert (inside.total, inside.tax_total) == (francs(10400), francs(599 + 180))
    on_top = price_of(taxed(SHOES, 810, included=False), fifth(), delivery_fee=francs(700))
    assert (on_top.tax_total, on_top.total) == (francs(648 + 194), francs(10400 + 842 + 700))


def _with_redemptions(count: int, *, orders: int = 0) -> Cart:
    return replace(SHOES, redemptions=(Redemption("fifth", count),), order_count=orders)
