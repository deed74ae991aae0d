"""What an offer gives, in words."""

from google.type.money_pb2 import Money

from deploy.sample.offers import sample_offers
from omnithread.cart.v1.offer_pb2 import (
    AmountOff,
    FreeGift,
    Offer,
    OfferArticles,
    OfferAudience,
    OfferTerms,
    OfferWindow,
    TraitChoice,
)
from services.console.marketing.offer_words import benefit_words, redemption_words, terms_words, window_words


def test_the_sample_offers_are_told_in_sentences() -> None:
    offers = sample_offers()
    assert benefit_words(offers["care-two-for-one"]) == "2 for the price of 1; the cheapest are free."
    assert benefit_words(offers["leather-in-store"]) == "20 % off each line."
    assert benefit_words(offers["winter"]) == "5 % off the cart."
    assert "It counts on web and mobile app." in terms_words(offers["care-two-for-one"])
    assert "It needs the code WINTER5, which everybody may use." in terms_words(offers["winter"])


def test_every_limit_of_an_offer_is_told() -> None:
    terms = OfferTerms(
        amount_off=AmountOff(amount=Money(currency_code="EUR", units=5)),
        articles=OfferArticles(skus=[f"SKU-{number}" for number in range(12)], excluded_skus=["BAG-1"]),
        min_amount=Money(currency_code="EUR", units=50),
        min_quantity=2,
        window=OfferWindow(
            start_local_time="2026-11-27T00:00",
            time_zone="Europe/Berlin",
            weekdays=[5, 6],
            day_start_minute=1080,
            day_end_minute=1320,
        ),
        audience=OfferAudience(
            segment_ids=["vip"], traits=[TraitChoice(name="tier", values=["gold"])], first_order=True
        ),
        max_redemptions=1000,
        max_redemptions_per_customer=1,
        excluded_offer_ids=["winter"],
    )
    said = " ".join((benefit_words(terms), *terms_words(terms)))
    for part in (
        "€5.00 off each piece.",
        "and 2 more.",
        "Without BAG-1.",
        "at least €50.00.",
        "At least 2 pieces.",
        "from 2026-11-27 00:00 on Friday and Saturday between 18:00 and 22:00 (Europe/Berlin).",
        "customers who are in vip, have tier gold and never ordered anything.",
        "At most 1,000 orders may redeem it.",
        "At most 1 order of one customer may redeem it.",
        "It goes together with no other offer",
        "keeps out: winter.",
    ):
        assert part in said
    assert redemption_words(Offer(terms=terms, redemption_count=12)) == "12 of 1,000 redeemed."


def test_what_is_not_counted_is_not_told_as_none() -> None:
    assert redemption_words(Offer()) == "Not counted: it has no limit of redemptions."
    gift = OfferTerms(free_gift=FreeGift(sku="POUCH", name="Etui", quantity=1))
    assert benefit_words(gift) == "1 × Etui (POUCH) free of charge, once per order."
    assert window_words(OfferWindow(time_zone="UTC", weekdays=[9])) == "It counts (UTC)."
