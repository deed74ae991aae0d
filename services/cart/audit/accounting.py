"""Counts pieces of articles, so that what a cart holds can be told from what came in and what went. Pure.

For every cart and at any time: carried + added + merged - removed - ordered - bought_elsewhere are the pieces present.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from services.cart.line_values import NO_ORDER, CartId, Line, OrderId
from services.cart.values import Cart, PastCart, PastState, Tally

MAX_PAST_CARTS = 20


def quantity_of(lines: Iterable[Line]) -> int:
    """Count the pieces of lines."""
    return sum(line.quantity for line in lines)


def pieces(cart: Cart) -> int:
    """Count all pieces that are there, saved and set-aside ones too."""
    return quantity_of((*cart.lines, *cart.set_aside_lines, *cart.saved_lines))


def counted(
    cart: Cart,
    *,
    applied: int = 0,
    added: int = 0,
    merged: int = 0,
    removed: int = 0,
    ordered: int = 0,
    bought_elsewhere: int = 0,
) -> Cart:
    """Give the cart with more of these in its tally: `applied` changes, and pieces."""
    more = Tally(
        applied=applied,
        added=added,
        merged=merged,
        removed=removed,
        ordered=ordered,
        bought_elsewhere=bought_elsewhere,
    )
    return replace(cart, tally=sum_of_tallies(cart.tally, more))


def sum_of_tallies(one: Tally, other: Tally, *, sign: int = 1) -> Tally:
    """Add two tallies, or with the sign -1 take the other off the one."""
    return Tally(
        applied=one.applied + sign * other.applied,
        carried=one.carried + sign * other.carried,
        added=one.added + sign * other.added,
        merged=one.merged + sign * other.merged,
        removed=one.removed + sign * other.removed,
        ordered=one.ordered + sign * other.ordered,
        bought_elsewhere=one.bought_elsewhere + sign * other.bought_elsewhere,
    )


def balance(tally: Tally) -> int:
    """Say how many pieces there have to be."""
    gone = tally.removed + tally.ordered + tally.bought_elsewhere
    return tally.carried + tally.added + tally.merged - gone


def ended(
    cart: Cart, after: Cart, state: PastState, *, time: datetime, new_cart_id: CartId, order_id: OrderId = NO_ORDER
) -> Cart:
    """End a cart, and begin the next one with what `after` holds.

    The tally of `cart` has everything in it already, so that what is left is what `after` holds.
    """
    left = pieces(after)
    past = PastCart(cart.cart_id, state, time, order_id, cart.tally, left)
    return replace(
        after, cart_id=new_cart_id, tally=Tally(carried=left), past_carts=newest_past((past, *cart.past_carts))
    )


def newest_past(carts: Iterable[PastCart]) -> tuple[PastCart, ...]:
    """Give the newest that are kept, newest first, each once."""
    by_id = {(past.cart_id, past.state): past for past in carts}
    return tuple(sorted(by_id.values(), key=lambda past: (past.end_time, past.cart_id), reverse=True)[:MAX_PAST_CARTS])
