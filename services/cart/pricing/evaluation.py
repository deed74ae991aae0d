"""Works out what a cart costs: pure and deterministic, and it says why.

Offers apply one after the other, the higher priority first, of equal ones the smaller id; each sees what those before
it left. An offer that does not apply has the first reason that is met, in the order of `UnappliedReason`:

1. What needs no amounts: channel, window, audience, code, limits (`pricing/bars.py`).
2. Its lines, and its minimum, of what the offers before it left of all its lines.
3. Whether it goes together with what applied before it. An offer *touches* the lines of which it takes something off,
   or of whose pieces it made groups; a gift and free delivery touch none. An offer that is not combinable sees only
   lines that nobody touched, and closes those that it touches to all later ones; a gift and free delivery close all
   that they see. Of two where one excludes the other, the later one does not apply. Where the lines that are left to
   an offer do not come to its minimum, though all of its lines would, that is `NOT_COMBINABLE` too; and so is what
   comes after 50 that have applied, since an order keeps them all.
4. Its currency, and what it takes off (`pricing/benefits.py`), which has to be something.
"""

from dataclasses import dataclass, replace

from services.cart.line_values import TaxRate
from services.cart.money import Money
from services.cart.offers.values import ActiveOffer, ActiveOffers, AmountOff, FreeDelivery, FreeGift, OfferTerms
from services.cart.pricing.bars import bar_of, code_for
from services.cart.pricing.benefits import TakenOff, pieces_needed, taken_off
from services.cart.pricing.circumstances import Circumstances as Circumstances
from services.cart.pricing.ledger import Ledger
from services.cart.pricing.values import (
    AppliedOffer,
    Gift,
    LineDiscount,
    LinePrice,
    Price,
    UnappliedOffer,
    UnappliedReason,
)
from services.cart.values import Cart

MOST_UNAPPLIED = 100
MOST_APPLIED = 50
WHOLE = 10_000
"""Basis points."""
NOTHING = TakenOff(off=(), took_part=())


def evaluate(cart: Cart, offers: ActiveOffers, circumstances: Circumstances) -> Price:
    """Give the price of a cart with at least one line."""
    ledger = Ledger(cart.lines, circumstances.delivery_fee)
    outcome = _apply_all(cart, offers, ledger, circumstances)
    lines = tuple(_line_price(ledger, line) for line in range(len(cart.lines)))
    return replace(_price(ledger, circumstances, offers.edition, outcome), lines=lines)


def evaluate_in_short(cart: Cart, offers: ActiveOffers, circumstances: Circumstances) -> Price:
    """Give the same price without its lines, which of a large cart are most of the work."""
    ledger = Ledger(cart.lines, circumstances.delivery_fee)
    outcome = _apply_all(cart, offers, ledger, circumstances)
    return _price(ledger, circumstances, offers.edition, outcome)


@dataclass(frozen=True, slots=True)
class _Outcome:
    applied: list[AppliedOffer]
    unapplied: list[UnappliedOffer]
    gifts: list[Gift]


def _apply_all(cart: Cart, offers: ActiveOffers, ledger: Ledger, circumstances: Circumstances) -> _Outcome:
    outcome = _Outcome([], [], [])
    for offer in offers.offers:
        is_full = len(outcome.applied) >= MOST_APPLIED
        became = _apply(offer, cart, ledger, circumstances, is_full=is_full)
        if isinstance(became, UnappliedOffer):
            outcome.unapplied.append(became)
            continue
        outcome.applied.append(became)
        benefit = offer.terms.benefit
        if isinstance(benefit, FreeGift):
            outcome.gifts.append(Gift(offer.offer_id, benefit.sku, benefit.name, benefit.quantity))
    return outcome


def _apply(
    offer: ActiveOffer, cart: Cart, ledger: Ledger, circumstances: Circumstances, *, is_full: bool
) -> AppliedOffer | UnappliedOffer:
    terms = offer.terms
    if bar := bar_of(offer, cart, circumstances):
        return _unapplied(offer, bar)
    lines = ledger.matching(terms.articles)
    if not lines:
        return _unapplied(offer, UnappliedReason.NO_MATCHING_LINE)
    if missing := _missing(terms, ledger, lines):
        return _unapplied(offer, UnappliedReason.BELOW_MINIMUM, missing)
    seen = ledger.open_lines(lines, untouched=not terms.combinable)
    is_too_little = len(seen) < len(lines) and _missing(terms, ledger, seen)
    if is_full or not seen or is_too_little or ledger.is_excluded(offer):
        return _unapplied(offer, UnappliedReason.NOT_COMBINABLE)
    if any(money.currency_code != ledger.currency_code for money in _amounts(terms)):
        return _unapplied(offer, UnappliedReason.OTHER_CURRENCY)
    amount = _give(offer, ledger, seen, has_delivery=circumstances.delivery_fee is not None)
    if isinstance(amount, UnappliedReason):
        return _unapplied(offer, amount)
    code = code_for(offer, circumstances)
    return AppliedOffer(offer.offer_id, offer.version, terms.name, ledger.money(amount), code)


def _give(offer: ActiveOffer, ledger: Ledger, lines: list[int], *, has_delivery: bool) -> int | UnappliedReason:
    """Give what an offer gives, and how much that takes off; or why it is nothing."""
    benefit = offer.terms.benefit
    if isinstance(benefit, FreeGift):
        return ledger.take(offer, lines, NOTHING)
    if isinstance(benefit, FreeDelivery):
        if not has_delivery:
            return UnappliedReason.NO_DELIVERY
        return ledger.free_delivery(offer, lines) if ledger.fee_left else UnappliedReason.NOTHING_LEFT
    taken = taken_off(offer.terms, [ledger.left[line] for line in lines], [ledger.quantity[line] for line in lines])
    return ledger.take(offer, lines, taken) if any(taken.off) else UnappliedReason.NOTHING_LEFT


@dataclass(frozen=True, slots=True)
class _Missing:
    minor: int
    quantity: int


def _missing(terms: OfferTerms, ledger: Ledger, lines: list[int]) -> _Missing | None:
    """Say what lines lack to an offer's minimum; an amount in another currency is not compared."""
    pieces = pieces_needed(terms) - sum(ledger.quantity[line] for line in lines)
    if pieces > 0:
        return _Missing(0, pieces)
    least = terms.min_amount
    if least is not None and least.currency_code == ledger.currency_code:
        minor = least.minor - sum(ledger.left[line] for line in lines)
        if minor > 0:
            return _Missing(minor, 0)
    return None


def _amounts(terms: OfferTerms) -> list[Money]:
    amounts = [terms.benefit.amount] if isinstance(terms.benefit, AmountOff) else []
    return [*amounts, terms.min_amount] if terms.min_amount else amounts


def _unapplied(offer: ActiveOffer, reason: UnappliedReason, missing: _Missing | None = None) -> UnappliedOffer:
    least = offer.terms.min_amount
    amount = Money(missing.minor, least.currency_code) if missing and missing.minor and least else None
    quantity = missing.quantity if missing else 0
    return UnappliedOffer(offer.offer_id, offer.version, offer.terms.name, reason, amount, quantity)


def _price(ledger: Ledger, circumstances: Circumstances, edition: int, outcome: _Outcome) -> Price:
    taxed = [(left, tax) for left, line in zip(ledger.left, ledger.lines, strict=True) if (tax := line.article.tax)]
    inside = sum(_tax_on(left, tax) for left, tax in taxed if tax.included)
    on_top = sum(_tax_on(left, tax) for left, tax in taxed if not tax.included)
    full, left = sum(ledger.full), sum(ledger.left)
    return Price(
        channel=circumstances.channel,
        time=circumstances.now,
        lines=(),
        gifts=tuple(outcome.gifts),
        subtotal=ledger.money(full),
        discount_total=ledger.money(full - left),
        delivery_fee=circumstances.delivery_fee,
        delivery_discount=ledger.money(ledger.fee - ledger.fee_left),
        tax_total=ledger.money(inside + on_top),
        total=ledger.money(left + ledger.fee_left + on_top),
        applied=tuple(outcome.applied),
        unapplied=tuple(sorted(outcome.unapplied[:MOST_UNAPPLIED], key=lambda offer: offer.offer_id)),
        facts_version=circumstances.facts.version,
        offers_edition=edition,
    )


def _line_price(ledger: Ledger, index: int) -> LinePrice:
    line, left = ledger.lines[index], ledger.left[index]
    return LinePrice(
        line_id=line.line_id,
        full=ledger.money(ledger.full[index]),
        discounts=tuple(LineDiscount(offer_id, ledger.money(off)) for offer_id, off in ledger.discounts[index]),
        total=ledger.money(left),
        tax=ledger.money(_tax_on(left, line.article.tax) if line.article.tax else 0),
    )


def _tax_on(minor: int, tax: TaxRate) -> int:
    """Give the tax on, or in, an amount, rounded half up."""
    whole = WHOLE + tax.basis_points if tax.included else WHOLE
    return (2 * minor * tax.basis_points + whole) // (2 * whole)
