"""Decides which of two customers has what in their carts when a merge is undone. Pure, and nothing is lost.

- What nobody changed since the merge goes back as it was, on both sides.
- A line added since goes to the side in whose visit it was added; more or fewer pieces of a line go to the side in
  whose visit its number was last changed.
- Where the cart was checked out since, the order is its buyer's, and the other side has its own lines back.
- A line that is gone since was the source's: it has it again, since nothing tells who took it out.
- What does not fit into a cart (another currency, too many lines) is set aside in it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from libs.merged_things import MergeAction
from services.cart.line_values import CartId, Line, LineId, OrderId
from services.cart.merge_policies import MergePolicy
from services.cart.merging import Taken, absorb, take
from services.cart.model import Act, newest_orders
from services.cart.order_values import OrderSummary
from services.cart.values import Cart


@dataclass(frozen=True, slots=True)
class Together:
    """Two carts that are one."""

    now: Cart
    """The survivor's."""
    source: Cart
    """As it was sealed."""
    before: Cart | None
    """The survivor's before the merge; None where that was not kept, and then the survivor keeps what it has."""
    source_sessions: frozenset[str]
    """The visits since the merge that were the source's."""
    policy: MergePolicy
    merge_id: str


@dataclass(frozen=True, slots=True)
class Apart:
    """Both carts again."""

    survivor: Cart
    source: Cart


@dataclass(frozen=True, slots=True)
class _Since:
    """What happened since the merge, told apart by side."""

    added: tuple[Line, ...]
    """Lines, or pieces of them as lines of their own, that this side added."""
    fewer: tuple[Line, ...]
    """Pieces that this side took out, as lines with their number."""


def part(both: Together, act: Act) -> Apart:
    """Give each side its own."""
    before = both.before if both.before is not None else _without_additions(both)
    change = absorb(before, both.source, merge_id=both.merge_id, source_customer_id="", act=act, policy=both.policy)
    joined = change.state if both.before is not None else before
    out = {thing.name for thing in change.merged if thing.action in {MergeAction.SET_ASIDE, MergeAction.DROPPED}}
    bought_by_source = _bought_by_source(both, joined)
    bought = both.now.cart_id != joined.cart_id
    gone = frozenset(line.line_id for line in joined.lines) - {line.line_id for line in both.now.lines}
    survivors = before.lines if not bought or bought_by_source else ()
    if not bought:
        survivors = tuple(line for line in survivors if line.line_id not in gone)
    sources = tuple(line for line in both.source.lines if not bought_by_source or line.line_id in out)
    ours = _since(both, joined, of_source=False)
    theirs = _since(both, joined, of_source=True)
    survivor = _with_changes(survivors, _aside_of_survivor(both, before), ours, act)
    source = _with_changes(sources, both.source.set_aside_lines, theirs, act)
    return Apart(
        survivor=_survivor_cart(both, before, joined, survivor, act),
        source=_source_cart(both, source, act),
    )


def _without_additions(both: Together) -> Cart:
    """Give the cart as it is, but for what surely was added in the source's visits."""
    return replace(
        both.now, lines=tuple(line for line in both.now.lines if line.session_id not in both.source_sessions)
    )


def _since(both: Together, joined: Cart, *, of_source: bool) -> _Since:
    known = {line.line_id: line for line in joined.lines}
    added: list[Line] = []
    fewer: list[Line] = []
    for line in both.now.lines:
        then = known.get(line.line_id)
        if then is None:
            if (line.session_id in both.source_sessions) == of_source:
                added.append(line)
            continue
        more = line.quantity - then.quantity
        if more and (line.changed_session_id in both.source_sessions) == of_source:
            changed = replace(line, line_id=_derived(both.merge_id, line.line_id), quantity=abs(more))
            (added if more > 0 else fewer).append(changed)
    return _Since(tuple(added), tuple(fewer))


def _with_changes(lines: tuple[Line, ...], aside: tuple[Line, ...], since: _Since, act: Act) -> Taken:
    taken = Taken(_without_pieces(lines, since.fewer, act), aside)
    for line in since.added:
        taken = take(taken, line, now=act.time)
    return taken


def _without_pieces(lines: tuple[Line, ...], fewer: Iterable[Line], act: Act) -> tuple[Line, ...]:
    for out in fewer:
        left = out.quantity
        after: list[Line] = []
        for line in lines:
            less = min(left, line.quantity) if line.article.is_same_as(out.article) else 0
            left -= less
            if not less:
                after.append(line)
            elif line.quantity > less:
                after.append(replace(line, quantity=line.quantity - less, update_time=act.time))
        lines = tuple(after)
    return lines


def _survivor_cart(both: Together, before: Cart, joined: Cart, taken: Taken, act: Act) -> Cart:
    now, own_orders = both.now, {order.order_id for order in before.recent_orders}
    orders = newest_orders(
        (*before.recent_orders, *(one for one in now.recent_orders if not _of_source(both, one, own_orders)))
    )
    if taken.lines == before.lines and now.cart_id == joined.cart_id:
        still = replace(before, set_aside_lines=taken.set_aside, recent_orders=orders)
        announced = now.idle_due_time is None and joined.idle_due_time is not None
        return replace(still, idle_due_time=None) if announced else _not_overdue(still, act)
    cart_id = CartId(now.cart_id)
    if cart_id == both.source.cart_id and cart_id != before.cart_id:
        cart_id = CartId(_derived(both.merge_id, cart_id))  # the source has that one again
    return replace(
        now,
        cart_id=cart_id,
        lines=taken.lines,
        set_aside_lines=taken.set_aside,
        recent_orders=orders,
        create_time=(before.create_time or now.create_time or act.time) if taken.lines else None,
        idle_due_time=(now.idle_due_time or act.idle_due_time) if taken.lines else None,
    )


def _source_cart(both: Together, taken: Taken, act: Act) -> Cart:
    source, own_orders = both.source, {order.order_id for order in both.source.recent_orders}
    theirs = tuple(one for one in both.now.recent_orders if one.session_id in both.source_sessions)
    orders = newest_orders((*source.recent_orders, *(one for one in theirs if one.order_id not in own_orders)))
    if taken.lines == source.lines and taken.set_aside == source.set_aside_lines:
        return _not_overdue(replace(source, recent_orders=orders), act)
    last = both.now.last_origin
    cart_id = source.cart_id
    if not cart_id or cart_id in {one.cart_id for one in theirs}:
        cart_id = CartId(_derived(both.merge_id, cart_id or both.now.cart_id))
    return replace(
        source,
        cart_id=cart_id,
        lines=taken.lines,
        set_aside_lines=taken.set_aside,
        recent_orders=orders,
        create_time=(source.create_time or act.time) if taken.lines else None,
        update_time=act.time,
        idle_due_time=act.idle_due_time if taken.lines else None,
        last_origin=last if last and last.session_id in both.source_sessions else source.last_origin or last,
    )


def _bought_by_source(both: Together, joined: Cart) -> bool:
    return any(
        order.cart_id == joined.cart_id and order.session_id in both.source_sessions for order in both.now.recent_orders
    )


def _of_source(both: Together, order: OrderSummary, own: set[OrderId]) -> bool:
    theirs = {one.order_id for one in both.source.recent_orders}
    return order.order_id in own or order.order_id in theirs or order.session_id in both.source_sessions


def _aside_of_survivor(both: Together, before: Cart) -> tuple[Line, ...]:
    """Give what is set aside still, without what only the source had brought."""
    own = {line.line_id for line in (*before.lines, *before.set_aside_lines)}
    theirs = {line.line_id for line in (*both.source.lines, *both.source.set_aside_lines)} - own
    return tuple(line for line in both.now.set_aside_lines if line.line_id not in theirs)


def _not_overdue(cart: Cart, act: Act) -> Cart:
    """Give the cart its time anew where it is over: nobody could touch it meanwhile, so nobody has abandoned it."""
    if cart.idle_due_time is None or cart.idle_due_time > act.time:
        return cart
    return replace(cart, idle_due_time=act.idle_due_time)


def _derived(merge_id: str, name: str) -> LineId:
    """Give an id that the same undoing gives again, however often it is decided."""
    kind = name.partition("_")[0]
    return LineId(f"{kind}_{hashlib.sha256(f'{merge_id}/{name}'.encode()).hexdigest()[:26]}")
