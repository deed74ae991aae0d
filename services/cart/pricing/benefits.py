"""What the benefits take off: whole minor units of the lines that an offer sees. Pure arithmetic.

- A percentage on lines: of each line, rounded half up. On the cart: of their sum, rounded half up, and shared.
- An amount on lines: off each piece, at most what it costs. On the cart: once, at most their sum, and shared.
- What is shared is shared by what is left of each line: whole units first, then one more for the largest remainders,
  of equal ones for the earlier line.
- Pieces for less: all pieces of all lines, the dearest first (of equal ones the earlier line), are put into groups of
  `take_quantity`; in each full group the cheapest `take_quantity - pay_quantity` are free. Of `max_times` groups the
  dearest count.
- A piece costs what is left of its line, shared evenly: where that is no whole number some cost one unit more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.cart.offers.values import AmountOff, OfferTerms, PercentageOff, PiecesForLess

WHOLE = 10_000
"""Basis points."""


@dataclass(frozen=True, slots=True)
class TakenOff:
    """What is taken off each line, never more than is left of it, and whether the line took part at all."""

    off: Sequence[int]
    took_part: Sequence[bool]


def pieces_needed(terms: OfferTerms) -> int:
    """Give the least number of pieces with which an offer can apply: of pieces for less at least one group."""
    benefit = terms.benefit
    return max(terms.min_quantity, benefit.take_quantity if isinstance(benefit, PiecesForLess) else 0)


def taken_off(terms: OfferTerms, left: Sequence[int], quantity: Sequence[int]) -> TakenOff:
    """Give what an offer takes off lines: minor units left and pieces of each, in the order of the cart."""
    benefit = terms.benefit
    if isinstance(benefit, PiecesForLess):
        return _pieces_for_less(benefit, left, quantity)
    if isinstance(benefit, PercentageOff):
        if terms.on_cart:
            off = _shared(_percentage(benefit, sum(left)), left)
        else:
            off = [_percentage(benefit, minor) for minor in left]
    elif isinstance(benefit, AmountOff):
        amount = benefit.amount.minor
        if terms.on_cart:
            off = _shared(min(amount, sum(left)), left)
        else:
            off = [_off_each_piece(amount, minor, pieces) for minor, pieces in zip(left, quantity, strict=True)]
    else:
        off = [0] * len(left)
    return TakenOff(off, [minor > 0 for minor in off])


def _percentage(benefit: PercentageOff, minor: int) -> int:
    return (2 * minor * benefit.basis_points + WHOLE) // (2 * WHOLE)


def _shared(amount: int, left: Sequence[int]) -> list[int]:
    whole = sum(left)
    if not whole:
        return [0] * len(left)
    shares = [amount * minor // whole for minor in left]
    by_remainder = sorted(range(len(left)), key=lambda line: (-(amount * left[line] % whole), line))
    for line in by_remainder[: amount - sum(shares)]:
        shares[line] += 1
    return shares


def _off_each_piece(amount: int, minor: int, pieces: int) -> int:
    price, dearer = divmod(minor, pieces)
    return dearer * min(amount, price + 1) + (pieces - dearer) * min(amount, price)


def _pieces_for_less(benefit: PiecesForLess, left: Sequence[int], quantity: Sequence[int]) -> TakenOff:
    runs = sorted(_runs(left, quantity), key=lambda run: (-run[0], run[1]))
    groups = sum(quantity) // benefit.take_quantity
    if benefit.max_times:
        groups = min(groups, benefit.max_times)
    end = groups * benefit.take_quantity
    off, took_part = [0] * len(left), [False] * len(left)
    take, pay = benefit.take_quantity, benefit.pay_quantity
    begin, free_before = 0, 0
    for price, line, pieces in runs:
        if begin >= end:
            break
        begin = min(begin + pieces, end)
        whole, rest = divmod(begin, take)
        free = whole * (take - pay) + (rest - pay if rest > pay else 0)
        off[line] += price * (free - free_before)
        took_part[line] = True
        free_before = free
    return TakenOff(off, took_part)


def _runs(left: Sequence[int], quantity: Sequence[int]) -> list[tuple[int, int, int]]:
    """Give pieces that cost the same: price, line, how many. At most two runs for each line."""
    runs = []
    for line, (minor, pieces) in enumerate(zip(left, quantity, strict=True)):
        price, dearer = divmod(minor, pieces)
        if dearer:
            runs.append((price + 1, line, dearer))
        runs.append((price, line, pieces - dearer))
    return runs
