"""What holds for every cart and all offers, whatever they are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from libs.channel import Channel
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from services.cart.line_values import TaxRate
from services.cart.money import Money
from services.cart.offers.values import (
    ActiveOffer,
    AmountOff,
    Benefit,
    CodeRule,
    FreeDelivery,
    FreeGift,
    OfferArticles,
    OfferChannels,
    OfferTerms,
    PercentageOff,
    PiecesForLess,
)
from services.cart.pricing.benefits import taken_off
from services.cart.pricing.fields import price_from_fields, price_to_fields
from services.cart.pricing.values import Price
from services.cart.values import Cart
from tests.services.cart.offer_samples import STORE, WEB, offer, price_of
from tests.services.cart.samples import article, cart_of

SKUS = ("shoe", "sock", "hat")
OFFER_IDS = tuple("abcdef")
MONEY = st.builds(Money, st.sampled_from([1, 99, 1000, 10**7]), st.sampled_from(["CHF", "CHF", "CHF", "EUR"]))
GROUPS = st.integers(2, 5).flatmap(
    lambda take: st.builds(PiecesForLess, st.just(take), st.integers(1, take - 1), st.sampled_from([0, 1, 3]))
)
BENEFITS = st.one_of(
    st.builds(PercentageOff, st.sampled_from([1, 333, 2000, 10_000])),
    st.builds(AmountOff, MONEY),
    GROUPS,
    st.just(FreeGift("bag", "The bag", 1)),
    st.just(FreeDelivery()),
)
SOME_SKUS = st.frozensets(st.sampled_from(SKUS), max_size=2)
TERMS = st.builds(
    OfferTerms,
    name=st.just("an offer"),
    benefit=BENEFITS,
    on_cart=st.booleans(),
    articles=st.builds(OfferArticles, skus=SOME_SKUS, excluded_skus=st.frozensets(st.sampled_from(SKUS), max_size=1)),
    min_amount=st.none() | MONEY,
    min_quantity=st.sampled_from([0, 0, 2, 10]),
    channels=st.builds(OfferChannels, st.frozensets(st.sampled_from([CHANNEL_KIND_WEB, CHANNEL_KIND_STORE]))),
    code_rule=st.sampled_from([CodeRule.NONE, CodeRule.NONE, CodeRule.SINGLE_USE]),
    priority=st.integers(-1, 1),
    combinable=st.booleans(),
    excluded_offer_ids=st.frozensets(st.sampled_from(OFFER_IDS), max_size=1),
)
OFFERS = st.lists(TERMS, max_size=len(OFFER_IDS)).map(
    lambda found: tuple(ActiveOffer(OFFER_IDS[number], 1, terms) for number, terms in enumerate(found))
)
TAXES = st.none() | st.builds(TaxRate, st.sampled_from([0, 260, 810, 2500]), st.booleans())
LINES = st.tuples(
    st.sampled_from(SKUS), st.sampled_from([0, 1, 99, 490, 8990]), st.sampled_from([1, 2, 3, 7, 9999]), TAXES
)


def cart_with(lines: Sequence[tuple[str, int, int, TaxRate | None]]) -> Cart:
    cart = cart_of(*((article(sku, minor, place=str(place)), 1) for place, (sku, minor, _, _) in enumerate(lines)))
    given_lines = zip(cart.lines, lines, strict=True)
    return replace(
        cart,
        lines=tuple(
            replace(line, quantity=quantity, article=replace(line.article, tax=tax))
            for line, (_, _, quantity, tax) in given_lines
        ),
    )


CARTS = st.lists(LINES, min_size=1, max_size=6).map(cart_with)
CODES = st.dictionaries(st.sampled_from(["ONE", "TWO"]), st.sampled_from(OFFER_IDS))
CHANNELS = st.sampled_from([WEB, STORE])
FEES = st.none() | st.builds(Money, st.sampled_from([0, 700]), st.just("CHF"))


@dataclass(frozen=True)
class Case:
    """Somebody asks what a cart costs."""

    cart: Cart
    offers: tuple[ActiveOffer, ...]
    channel: Channel
    codes: dict[str, str]
    fee: Money | None

    def price(self, offers: Sequence[ActiveOffer] | None = None) -> Price:
        given_offers = self.offers if offers is None else offers
        return price_of(self.cart, *given_offers, channel=self.channel, codes=self.codes, delivery_fee=self.fee)


CASES = st.builds(Case, CARTS, OFFERS, CHANNELS, CODES, FEES)


@given(case=CASES)
def test_sums_are_exact_and_nothing_is_below_zero(case: Case) -> None:
    price = case.price()
    for line, bought in zip(price.lines, case.cart.lines, strict=True):
        assert line.full == bought.total
        assert line.total.minor == line.full.minor - sum(one.amount.minor for one in line.discounts) >= 0
        assert all(one.amount.minor > 0 for one in line.discounts)
    off = sum(line.full.minor - line.total.minor for line in price.lines)
    assert (price.subtotal, price.discount_total.minor) == (case.cart.subtotal, off)
    assert sum(one.amount.minor for one in price.applied) == off + price.delivery_discount.minor
    assert 0 <= price.delivery_discount.minor <= (case.fee.minor if case.fee else 0)
    for one in price.applied:
        on_lines = sum(d.amount.minor for line in price.lines for d in line.discounts if d.offer_id == one.offer_id)
        is_delivery = isinstance(next(o for o in case.offers if o.offer_id == one.offer_id).terms.benefit, FreeDelivery)
        assert one.amount.minor == on_lines + (price.delivery_discount.minor if is_delivery else 0)


@given(case=CASES)
def test_tax_follows_from_each_line_and_is_in_the_total(case: Case) -> None:
    price = case.price()
    on_top = 0
    for line, bought in zip(price.lines, case.cart.lines, strict=True):
        tax = bought.article.tax
        if tax is None or not tax.basis_points:
            assert line.tax.minor == 0
            continue
        net = line.total.minor - line.tax.minor if tax.included else line.total.minor
        assert abs(net * tax.basis_points - line.tax.minor * 10_000) <= (10_000 + tax.basis_points) / 2
        on_top += 0 if tax.included else line.tax.minor
    assert price.tax_total.minor == sum(line.tax.minor for line in price.lines)
    to_pay = price.subtotal.minor - price.discount_total.minor + (case.fee.minor if case.fee else 0)
    assert price.total.minor == to_pay - price.delivery_discount.minor + on_top


@given(case=CASES, shuffled=st.randoms())
def test_the_same_offers_in_whatever_order_give_the_same_price_and_each_says_what_became_of_it(
    case: Case, shuffled: Random
) -> None:
    price = case.price()
    others = list(case.offers)
    shuffled.shuffle(others)
    assert case.price(others) == price
    told = sorted([one.offer_id for one in price.applied] + [one.offer_id for one in price.unapplied])
    assert told == sorted(one.offer_id for one in case.offers)


@given(case=CASES, benefit=BENEFITS)
def test_one_more_offer_that_comes_last_and_goes_with_the_others_never_makes_it_dearer(
    case: Case, benefit: Benefit
) -> None:
    before = case.price()
    after = case.price((*case.offers, offer("last", benefit, priority=-9)))
    assert after.total.minor <= before.total.minor
    assert after.applied[: len(before.applied)] == before.applied


@given(case=CASES)
def test_no_two_offers_meet_that_do_not_go_together(case: Case) -> None:
    price = case.price()
    by_id = {one.offer_id: one.terms for one in case.offers}
    applied = [one.offer_id for one in price.applied]
    assert all(other not in by_id[one].excluded_offer_ids for one in applied for other in applied if one != other)
    for line in price.lines:
        takers = [one.offer_id for one in line.discounts]
        assert len(takers) <= 1 or all(by_id[one].combinable for one in takers)


@given(case=CASES)
def test_an_order_keeps_its_price_to_the_cent(case: Case) -> None:
    price = case.price()
    assert price_from_fields(price_to_fields(price)) == replace(price, unapplied=())


@given(
    benefit=GROUPS,
    lines=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), min_size=1, max_size=5),
)
def test_pieces_for_less_is_what_a_shopkeeper_would_find_piece_by_piece(
    benefit: PiecesForLess, lines: list[tuple[int, int]]
) -> None:
    pieces = sorted(
        (
            (-(left // quantity + (number < left % quantity)), line)
            for line, (left, quantity) in enumerate(lines)
            for number in range(quantity)
        )
    )
    groups = len(pieces) // benefit.take_quantity
    groups = min(groups, benefit.max_times) if benefit.max_times else groups
    off = [0] * len(lines)
    for position, (negative_price, line) in enumerate(pieces[: groups * benefit.take_quantity]):
        if position % benefit.take_quantity >= benefit.pay_quantity:
            off[line] -= negative_price
    taken = taken_off(OfferTerms("", benefit), [left for left, _ in lines], [quantity for _, quantity in lines])
    assert list(taken.off) == off
