"""Decides which pieces of a cart are ordered, going by what the payer saw: pure and synchronous.

Every piece is either ordered or kept for the next cart; nothing is lost, and nothing is ordered that nobody saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from libs.ids import derived_id
from services.cart.line_values import Line, LineId, OrderId


@dataclass(frozen=True, slots=True)
class SeenLine:
    """One line as the payer saw it."""

    line_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """One line that is not as the payer saw it."""

    line_id: str
    sku: str
    """Empty for a line that is gone."""
    quantity: int
    """How many pieces more, or fewer."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How a cart differs from what the payer saw."""

    added: tuple[ChangedLine, ...] = ()
    removed: tuple[ChangedLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Parting:
    """A cart in two: what is ordered, and what stays."""

    ordered: tuple[Line, ...]
    kept: tuple[Line, ...] = ()


def difference_of(lines: Sequence[Line], seen: Sequence[SeenLine]) -> Difference:
    """Say how the lines differ from what was seen, in the order of the lines, those that are gone last."""
    saw = {line.line_id: line.quantity for line in seen}
    present = {line.line_id for line in lines}
    more = [(line, line.quantity - saw.get(line.line_id, 0)) for line in lines]
    fewer = [ChangedLine(line.line_id, line.article.sku, -by) for line, by in more if by < 0]
    gone = [ChangedLine(line.line_id, "", line.quantity) for line in seen if line.line_id not in present]
    return Difference(
        added=tuple(ChangedLine(line.line_id, line.article.sku, by) for line, by in more if by > 0),
        removed=(*fewer, *gone),
    )


def part(lines: Sequence[Line], seen: Sequence[SeenLine], order_id: OrderId) -> Parting:
    """Part a cart that still has all that was seen: the pieces seen are ordered, all others kept.

    Of a line with both, the ordered pieces keep the line's id, and those kept get one of their own.
    """
    saw = {line.line_id: line.quantity for line in seen}
    ordered, kept = [], []
    for line in lines:
        quantity = saw.get(line.line_id, 0)
        if quantity:
            ordered.append(replace(line, quantity=quantity))
        if not quantity:
            kept.append(line)
        elif rest := line.quantity - quantity:
            kept.append(replace(line, line_id=rest_id(line.line_id, order_id), quantity=rest))
    return Parting(tuple(ordered), tuple(kept))


def rest_id(line_id: LineId, order_id: OrderId) -> LineId:
    """Give the id of the pieces of a line that one order left behind."""
    return LineId(derived_id("lin", order_id, line_id))
