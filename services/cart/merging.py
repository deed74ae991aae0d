"""Decides how the cart of a merged customer is taken over. Nothing is lost.

- The same article at the same price joins its line, up to 9999 pieces; what is beyond becomes a further line.
- What the cart cannot take is set aside in the same record, as `set_aside_lines`: another currency than the cart's,
  a line beyond the 200th, a sum beyond the limit. The customer sees it, and removes it by its line id.
  What the source had set aside is tried again: it may be just the survivor's currency.
- The set-aside lines are bounded as well (200). What is beyond stays in the merged customer's sealed record,
  which is kept, and is counted in the event like all that was set aside.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from libs.mongo.values import Decision
from libs.origin import Origin
from services.cart.events import CartAbsorbed
from services.cart.model import (
    MAX_LINE_QUANTITY,
    MAX_LINES,
    MAX_SUBTOTAL_MINOR,
    Act,
    Change,
    newest_orders,
    with_lines,
)
from services.cart.values import Cart, Line

MAX_SET_ASIDE_LINES = 200


@dataclass(frozen=True, slots=True)
class Taken:
    """How far taking over has come."""

    lines: tuple[Line, ...]
    set_aside: tuple[Line, ...] = ()


def absorb(survivor: Cart, source: Cart, *, merge_id: str, source_customer_id: str, act: Act) -> Change:
    """Put the source's lines behind the survivor's, and its orders among them.

    The cart counts as changed, and its idle time begins anew, only where a line came over.
    """
    brought = (*source.lines, *source.set_aside_lines)
    taken = Taken(survivor.lines)
    for line in brought:
        taken = _take(taken, line, now=act.time)
    aside = (*survivor.set_aside_lines, *taken.set_aside)[:MAX_SET_ASIDE_LINES]
    after = replace(
        survivor,
        cart_id=survivor.cart_id or source.cart_id,
        set_aside_lines=aside,
        recent_orders=newest_orders((*survivor.recent_orders, *source.recent_orders)),
    )
    if taken.lines != survivor.lines:
        after = with_lines(after, taken.lines, replace(act, origin=_last_origin(survivor, source, act)))
        after = replace(after, create_time=_earlier(survivor.create_time, source.create_time))
    event = CartAbsorbed(
        cart_id=after.cart_id,
        occur_time=act.occur_time,
        merge_id=merge_id,
        source_customer_id=source_customer_id,
        line_count=len(brought) - len(taken.set_aside),
        set_aside_line_count=len(taken.set_aside),
    )
    return Decision(after, (event,))


def _take(taken: Taken, line: Line, *, now: datetime) -> Taken:
    currency = taken.lines[0].article.unit_price.currency_code if taken.lines else line.total.currency_code
    subtotal_minor = sum(other.total.minor for other in taken.lines)
    if line.total.currency_code != currency or subtotal_minor + line.total.minor > MAX_SUBTOTAL_MINOR:
        return replace(taken, set_aside=(*taken.set_aside, line))
    lines, left = _join(taken.lines, line, now=now)
    if not left:
        return replace(taken, lines=lines)
    rest = replace(line, quantity=left)
    if len(lines) >= MAX_LINES:
        return Taken(lines, (*taken.set_aside, rest))
    return replace(taken, lines=(*lines, rest))


def _join(lines: tuple[Line, ...], line: Line, *, now: datetime) -> tuple[tuple[Line, ...], int]:
    """Fill up the lines of the same article; gives them all, and how many pieces are left."""
    joined = list(lines)
    left = line.quantity
    for index, other in enumerate(lines):
        room = MAX_LINE_QUANTITY - other.quantity
        if left and room and other.article.is_same_as(line.article):
            moved = min(left, room)
            joined[index] = replace(other, quantity=other.quantity + moved, update_time=now)
            left -= moved
    return tuple(joined), left


def _last_origin(survivor: Cart, source: Cart, act: Act) -> Origin:
    """Give the origin of the customer's own last act on either cart: a merge is none."""
    newest = max((survivor, source), key=lambda cart: cart.update_time or datetime.min.replace(tzinfo=UTC))
    return newest.last_origin or act.origin


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time), default=None)
