"""Decides how the cart of a merged customer is taken over, line by line. Nothing is lost.

- The same article at the same price joins its line by the policy, up to 9999 pieces; what is beyond becomes a further
  line.
- What the cart cannot take is set aside in the same record, as `set_aside_lines`: another currency than the cart's,
  a price with its tax in it where the others have not, a line beyond the 200th, a sum beyond the limit. The customer
  sees it, and removes it by its line id, or moves it into the cart where it fits by then.
  What the source had set aside is tried again: it may be just the survivor's currency.
- The set-aside lines are bounded as well (200). What is beyond, and what the policy leaves out, stays in the merged
  customer's sealed record, which is kept; the report of the merge names it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from libs.merged_things import MergeAction, MergedThing
from libs.mongo.values import Decision
from libs.origin import Origin
from services.cart.events import CartAbsorbed
from services.cart.line_values import Line
from services.cart.merging.joining import joined_with
from services.cart.merging.policies import MergePolicy
from services.cart.merging.taking_over_beside import take_saved, with_the_rest
from services.cart.model import (
    MAX_LINES,
    MAX_SUBTOTAL_MINOR,
    Act,
    Change,
    newest_orders,
    taxes_agree,
    with_lines,
)
from services.cart.values import Cart

MAX_SET_ASIDE_LINES = 200
_LEFT_OUT = {MergeAction.SET_ASIDE, MergeAction.DROPPED}


@dataclass(frozen=True, slots=True)
class Taken:
    """How far taking over has come."""

    lines: tuple[Line, ...]
    set_aside: tuple[Line, ...] = ()


def absorb(
    survivor: Cart,
    source: Cart,
    *,
    merge_id: str,
    source_customer_id: str,
    act: Act,
    policy: MergePolicy = MergePolicy.SUM,
) -> Change:
    """Put the source's lines behind the survivor's, and its orders among them.

    The cart counts as changed, and its idle time begins anew, only where a line came over.
    """
    brought = (*source.lines, *source.set_aside_lines)
    taken = Taken(survivor.lines)
    room_aside = MAX_SET_ASIDE_LINES - len(survivor.set_aside_lines)
    things: list[MergedThing] = []
    for line in brought:
        aside_before = len(taken.set_aside)
        taken, thing = _by_policy(taken, line, policy, survivor=survivor, brought=brought, act=act)
        if len(taken.set_aside) > max(aside_before, room_aside):
            thing = replace(thing, action=MergeAction.DROPPED, why="There is no room for more, not even set aside.")
        things.append(thing)
    saved, saved_things = take_saved(survivor.saved_lines, source.saved_lines, now=act.time)
    after = replace(
        survivor,
        cart_id=survivor.cart_id or source.cart_id,
        set_aside_lines=(*survivor.set_aside_lines, *taken.set_aside)[:MAX_SET_ASIDE_LINES],
        recent_orders=newest_orders((*survivor.recent_orders, *source.recent_orders)),
    )
    if taken.lines != survivor.lines:
        after = with_lines(after, taken.lines, replace(act, origin=_last_origin(survivor, source, act)))
        after = replace(after, create_time=_earlier(survivor.create_time, source.create_time))
    left_out = sum(1 for thing in things if thing.action in _LEFT_OUT)
    after = with_the_rest(replace(after, saved_lines=saved), survivor, source, time=act.time)
    event = CartAbsorbed(
        cart_id=after.cart_id,
        occur_time=act.occur_time,
        merge_id=merge_id,
        source_customer_id=source_customer_id,
        line_count=len(brought) - left_out,
        set_aside_line_count=len(taken.set_aside),
    )
    return Decision(after, (event,), merged=(*things, *saved_things), policy=str(policy))


def take(taken: Taken, line: Line, *, now: datetime) -> Taken:
    """Add a line where the cart has room for it; else, or what is left of it, is set aside."""
    if not taxes_agree(taken.lines, line.article):
        return replace(taken, set_aside=(*taken.set_aside, line))
    currency = taken.lines[0].article.unit_price.currency_code if taken.lines else line.total.currency_code
    subtotal_minor = sum(other.total.minor for other in taken.lines)
    if line.total.currency_code != currency or subtotal_minor + line.total.minor > MAX_SUBTOTAL_MINOR:
        return replace(taken, set_aside=(*taken.set_aside, line))
    lines, left = joined_with(taken.lines, line, now=now)
    if not left:
        return replace(taken, lines=lines)
    rest = replace(line, quantity=left)
    if len(lines) >= MAX_LINES:
        return Taken(lines, (*taken.set_aside, rest))
    return replace(taken, lines=(*lines, rest))


def _by_policy(
    taken: Taken, line: Line, policy: MergePolicy, *, survivor: Cart, brought: Iterable[Line], act: Act
) -> tuple[Taken, MergedThing]:
    own = _pieces(survivor.lines, line)
    details = (("sku", line.article.sku), ("source_quantity", str(line.quantity)), ("survivor_quantity", str(own)))

    def thing(action: MergeAction, why: str, *, quantity: int | None = None) -> MergedThing:
        stands = () if quantity is None else (("quantity", str(quantity)),)
        return MergedThing("cart_line", line.line_id, action, why, tuple(sorted((*details, *stands))))

    if policy is MergePolicy.GUEST_IF_EMPTY and survivor.lines:
        return taken, thing(MergeAction.DROPPED, "The cart of the customer who remains was not empty.")
    if own and policy not in {MergePolicy.SUM, MergePolicy.GUEST_IF_EMPTY}:
        theirs = _pieces(brought, line)
        if policy is MergePolicy.KNOWN_WINS or (policy is MergePolicy.MAX and theirs <= own):
            why = "Both have the article, and the number of the customer who remains stands."
            return taken, thing(MergeAction.SURVIVOR_STANDS, why, quantity=own)
        if _pieces(taken.lines, line) != theirs:  # else an earlier line of the same article has done it
            taken = _with_pieces(taken, line, theirs, act=act)
        now = _pieces(taken.lines, line)
        return taken, thing(MergeAction.REPLACED, "Both have the article, and this number stands.", quantity=now)
    after = take(taken, line, now=act.time)
    now = _pieces(after.lines, line)
    if len(after.set_aside) > len(taken.set_aside):
        why = "The cart has another currency, other taxes, or no room for it."
        return after, thing(MergeAction.SET_ASIDE, why, quantity=now)
    if now > line.quantity:
        return after, thing(MergeAction.SUMMED, "Its pieces were added to those of the same article.", quantity=now)
    return after, thing(MergeAction.KEPT, "Only the merged customer had the article.", quantity=now)


def _with_pieces(taken: Taken, line: Line, wanted: int, *, act: Act) -> Taken:
    """Give the cart with so many pieces of the line's article, which it has already."""
    more = wanted - _pieces(taken.lines, line)
    if more > 0:
        return take(taken, replace(line, quantity=more), now=act.time)
    lines: list[Line] = []
    for other in reversed(taken.lines):
        if more < 0 and other.article.is_same_as(line.article):
            fewer = min(-more, other.quantity)
            more += fewer
            if other.quantity == fewer:
                continue
            lines.append(replace(other, quantity=other.quantity - fewer, update_time=act.time))
        else:
            lines.append(other)
    return replace(taken, lines=tuple(reversed(lines)))


def _pieces(lines: Iterable[Line], like: Line) -> int:
    return sum(other.quantity for other in lines if other.article.is_same_as(like.article))


def _last_origin(survivor: Cart, source: Cart, act: Act) -> Origin:
    """Give the origin of the customer's own last act on either cart: a merge is none."""
    newest = max((survivor, source), key=lambda cart: cart.update_time or datetime.min.replace(tzinfo=UTC))
    return newest.last_origin or act.origin


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((time for time in (one, other) if time), default=None)
