"""Decides which of two customers has what in their carts when a merge is undone. Pure, and nothing is lost.

- What nobody changed since the merge goes back as it was, on both sides.
- A line added since goes to the side in whose visit it was added; more or fewer pieces of a line go to the side in
  whose visit its number was last changed.
- Where the cart was checked out since, the order is its buyer's, and the other side has its own lines back.
- A line that is gone since was the source's: it has it again, since nothing tells who took it out.
- What was moved since between the cart and what is saved for later is again where it was.
- What does not fit into a cart (another currency, too many lines) is set aside in it.
"""

from dataclasses import dataclass, replace

from libs.merged_things import MergeAction
from services.cart.desk.saving import MAX_SAVED_LINES
from services.cart.line_values import CartId, Line, OrderId
from services.cart.merging.joining import joined_with
from services.cart.merging.parting_beside import rest_of_source, rest_of_survivor
from services.cart.merging.parting_lines import (
    Since,
    as_if_not_moved,
    beyond,
    derived,
    since,
    without_gone,
    without_pieces,
)
from services.cart.merging.policies import MergePolicy
from services.cart.merging.taking_over import Taken, absorb, take
from services.cart.model import Act, newest_orders
from services.cart.orders.values import OrderSummary
from services.cart.values import Cart, PastState


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


def part(both: Together, act: Act) -> Apart:
    """Give each side its own."""
    before = both.before if both.before is not None else _without_additions(both)
    change = absorb(before, both.source, merge_id=both.merge_id, source_customer_id="", act=act, policy=both.policy)
    joined = change.state if both.before is not None else before
    out = {thing.name for thing in change.merged if thing.action in {MergeAction.SET_ASIDE, MergeAction.DROPPED}}
    bought_by_source, bought = _bought_by_source(both, joined), _bought(both, joined)
    then = replace(joined, lines=()) if bought else joined
    both = replace(both, now=as_if_not_moved(both.now, then))
    survivors = before.lines if not bought or bought_by_source else ()
    if not bought:
        survivors = without_gone(survivors, now=both.now.lines, then=then.lines)
    sources = tuple(line for line in both.source.lines if not bought_by_source or line.line_id in out)
    saved = without_gone(before.saved_lines, now=both.now.saved_lines, then=then.saved_lines)
    survivor = _share(both, then, _Had(survivors, saved, _aside_of_survivor(both, before)), act, of_source=False)
    source = _share(
        both, then, _Had(sources, both.source.saved_lines, both.source.set_aside_lines), act, of_source=True
    )
    orders = _source_orders(both)
    parted = Apart(
        survivor=_survivor_cart(both, before, joined, survivor, act),
        source=_source_cart(both, source, act),
    )
    return Apart(
        survivor=rest_of_survivor(
            parted.survivor,
            now=both.now,
            before=before,
            joined=joined,
            source=both.source,
            source_orders=orders,
        ),
        source=rest_of_source(
            parted.source,
            now=both.now,
            joined=joined,
            source=both.source,
            source_orders=orders,
            bought=bought_by_source,
        ),
    )


@dataclass(frozen=True, slots=True)
class _Had:
    """What one side has of what there was, before what it did since."""

    lines: tuple[Line, ...]
    saved: tuple[Line, ...]
    set_aside: tuple[Line, ...]


def _share(both: Together, then: Cart, had: _Had, act: Act, *, of_source: bool) -> _Had:
    """Give one side what it had, with what it did since."""

    def done(now: tuple[Line, ...], before: tuple[Line, ...]) -> Since:
        sessions = both.source_sessions
        return since(now, before, source_sessions=sessions, of_source=of_source, merge_id=both.merge_id)

    own = {line.line_id: line.quantity for line in (*had.lines, *had.saved, *had.set_aside)}
    in_cart, in_saved = done(both.now.lines, then.lines), done(both.now.saved_lines, then.saved_lines)
    taken = Taken(without_pieces(had.lines, in_cart.fewer, time=act.time), had.set_aside)
    for line in beyond(in_cart.added, own, merge_id=both.merge_id):
        taken = take(taken, line, now=act.time)
    saved, set_aside = without_pieces(had.saved, in_saved.fewer, time=act.time), taken.set_aside
    for line in beyond(in_saved.added, own, merge_id=both.merge_id):
        saved, left = joined_with(saved, line, now=act.time)
        if left and len(saved) < MAX_SAVED_LINES:
            saved = (*saved, replace(line, quantity=left))
        elif left:
            set_aside = (*set_aside, replace(line, quantity=left))
    return _Had(taken.lines, saved, set_aside)


def _without_additions(both: Together) -> Cart:
    """Give the cart as it is, but for what surely was added in the source's visits."""

    def others(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(line for line in lines if line.session_id not in both.source_sessions)

    return replace(both.now, lines=others(both.now.lines), saved_lines=others(both.now.saved_lines))


def _survivor_cart(both: Together, before: Cart, joined: Cart, share: _Had, act: Act) -> Cart:
    now, own_orders = both.now, {order.order_id for order in before.recent_orders}
    orders = newest_orders(
        (*before.recent_orders, *(one for one in now.recent_orders if not _of_source(both, one, own_orders)))
    )
    if (share.lines, share.saved, now.cart_id) == (before.lines, before.saved_lines, joined.cart_id):
        still = replace(before, set_aside_lines=share.set_aside, recent_orders=orders)
        announced = now.idle_due_time is None and joined.idle_due_time is not None
        return _not_overdue(replace(still, idle_due_time=None) if announced else still, act)
    cart_id = CartId(now.cart_id)
    if cart_id == both.source.cart_id and cart_id != before.cart_id:
        cart_id = CartId(derived(both.merge_id, cart_id))  # the source has that one again
    return replace(
        now,
        cart_id=cart_id,
        lines=share.lines,
        saved_lines=share.saved,
        set_aside_lines=share.set_aside,
        recent_orders=orders,
        create_time=(before.create_time or now.create_time or act.time) if share.lines else None,
        idle_due_time=(now.idle_due_time or act.idle_due_time) if share.lines else None,
        expire_due_time=(now.expire_due_time or act.expire_due_time) if share.lines else None,
    )


def _source_cart(both: Together, share: _Had, act: Act) -> Cart:
    source, own_orders = both.source, {order.order_id for order in both.source.recent_orders}
    theirs = tuple(one for one in both.now.recent_orders if one.session_id in both.source_sessions)
    orders = newest_orders((*source.recent_orders, *(one for one in theirs if one.order_id not in own_orders)))
    is_bought = source.cart_id in {one.cart_id for one in theirs if one.order_id not in own_orders}
    had = (source.lines, source.saved_lines, source.set_aside_lines)
    if (share.lines, share.saved, share.set_aside) == had and not is_bought:
        return _not_overdue(replace(source, recent_orders=orders), act)
    last = both.now.last_origin
    cart_id = source.cart_id
    if not cart_id or is_bought:
        cart_id = CartId(derived(both.merge_id, cart_id or both.now.cart_id))
    return replace(
        source,
        cart_id=cart_id,
        lines=share.lines,
        saved_lines=share.saved,
        set_aside_lines=share.set_aside,
        recent_orders=orders,
        create_time=(source.create_time or act.time) if share.lines else None,
        update_time=act.time,
        idle_due_time=act.idle_due_time if share.lines else None,
        expire_due_time=act.expire_due_time if share.lines else None,
        last_origin=last if last and last.session_id in both.source_sessions else source.last_origin or last,
    )


def _bought(both: Together, joined: Cart) -> bool:
    """Say whether somebody checked the common cart out; one that expired was not bought."""
    expired = (past.cart_id for past in both.now.past_carts if past.state is PastState.EXPIRED)
    return both.now.cart_id != joined.cart_id and joined.cart_id not in expired


def _source_orders(both: Together) -> frozenset[OrderId]:
    """Give the orders since that are surely the source's, among the newest."""
    known = {order.order_id for order in both.source.recent_orders}
    if both.before is not None:
        known |= {order.order_id for order in both.before.recent_orders}
    return frozenset(
        order.order_id
        for order in both.now.recent_orders
        if order.session_id in both.source_sessions and order.order_id not in known
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
    if cart.idle_due_time is not None and cart.idle_due_time <= act.time:
        cart = replace(cart, idle_due_time=act.idle_due_time)
    if cart.expire_due_time is not None and cart.expire_due_time <= act.time:
        cart = replace(cart, expire_due_time=act.expire_due_time)
    return cart
