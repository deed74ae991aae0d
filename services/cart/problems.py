"""Says what somebody should know of a cart before the customer pays. Pure, and it hinders nothing.

Here is what the cart itself tells; what its offers tell comes with the price.
"""

import enum
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from services.cart.line_values import Line, LineId
from services.cart.values import Cart

MAX_PROBLEMS = 90
"""Leaves room for those of the codes, at most 10."""


class ProblemKind(enum.StrEnum):
    """What it is."""

    PRICE_DIFFERS = "price_differs"
    CURRENCY_DIFFERS = "currency_differs"
    NOT_SOLD = "not_sold"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that somebody should know."""

    kind: ProblemKind
    line_ids: tuple[LineId, ...] = ()
    sku: str = ""


def cart_problems(cart: Cart, unsold: Collection[str]) -> tuple[Problem, ...]:
    """Give what the cart itself tells, at most 90 problems; `unsold` are the articles that are not sold any more."""
    found = (*_prices(cart), *_currencies(cart), *_unsold(cart, unsold))
    return found[:MAX_PROBLEMS]


def _prices(cart: Cart) -> Iterable[Problem]:
    for sku, lines in _by_sku(cart.lines):
        if len({line.article.unit_price for line in lines}) > 1:
            yield Problem(ProblemKind.PRICE_DIFFERS, _ids(lines), sku)


def _currencies(cart: Cart) -> Iterable[Problem]:
    other = [line for line in cart.set_aside_lines if line.article.unit_price.currency_code != cart.currency_code]
    if cart.lines and other:
        yield Problem(ProblemKind.CURRENCY_DIFFERS, _ids(other))


def _unsold(cart: Cart, unsold: Collection[str]) -> Iterable[Problem]:
    for sku, lines in _by_sku((*cart.lines, *cart.set_aside_lines, *cart.saved_lines)):
        if sku in unsold:
            yield Problem(ProblemKind.NOT_SOLD, _ids(lines), sku)


def _by_sku(lines: Iterable[Line]) -> list[tuple[str, list[Line]]]:
    by_sku: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_sku[line.article.sku].append(line)
    return sorted(by_sku.items())


def _ids(lines: Iterable[Line]) -> tuple[LineId, ...]:
    return tuple(line.line_id for line in lines)
