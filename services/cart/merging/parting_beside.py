"""Decides whose is what beside the lines when a merge is undone: notes, codes, past carts, counts, accounts. Pure.

Each side has again what it had. What came since stays with the customer who remained, but for orders and past carts
that are surely the other's.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TypeVar

from services.cart.audit.accounting import counted, newest_past, pieces, sum_of_tallies
from services.cart.desk.notes import newest_notes
from services.cart.line_values import OrderId
from services.cart.merging.taking_over_beside import bars
from services.cart.values import MAX_CODES, Cart, PastCart, Redemption, Tally

Thing = TypeVar("Thing")


def rest_of_survivor(
    cart: Cart, *, now: Cart, before: Cart, joined: Cart, source: Cart, source_orders: Collection[OrderId]
) -> Cart:
    """Give the survivor, which has its lines already, the rest of what is its own.

    `now` is what the two have together, `joined` what they had when they became one, `source_orders` those since.
    """
    since = (past for past in _ended_since(now, joined) if past.order_id not in source_orders)
    has_adopted = not before.cart_id and bool(source.cart_id) and now.cart_id == source.cart_id
    tally, there = now.tally, pieces(now)
    if has_adopted:  # the source has its cart again, and the account of it
        tally, there = sum_of_tallies(tally, source.tally, sign=-1), there - pieces(source)
    mine = replace(
        cart,
        notes=newest_notes(_still(before.notes, now.notes, joined.notes)),
        offer_codes=_still(before.offer_codes, now.offer_codes, joined.offer_codes)[-MAX_CODES:],
        lock=now.lock,
        past_carts=newest_past((*before.past_carts, *since)),
        order_count=max(0, now.order_count - source.order_count - len(source_orders)),
        redemptions=_less(now.redemptions, source.redemptions),
        barred_order_ids=now.barred_order_ids,
        tally=tally,
    )
    return counted(mine, merged=pieces(cart) - there)


def rest_of_source(
    cart: Cart, *, now: Cart, joined: Cart, source: Cart, source_orders: Collection[OrderId], bought: bool
) -> Cart:
    """Give the source, which has its lines already, the rest. Nothing that was being ordered may be ordered twice."""
    since = (past for past in _ended_since(now, joined) if past.order_id in source_orders)
    theirs = replace(
        cart,
        offer_codes=() if bought else source.offer_codes,
        lock=None,
        past_carts=newest_past((*source.past_carts, *since)),
        order_count=source.order_count + len(source_orders),
        barred_order_ids=bars((*_since(now.barred_order_ids, joined.barred_order_ids), *source.barred_order_ids)),
    )
    if source.cart_id and cart.cart_id != source.cart_id:  # theirs was bought, and is a past one
        return replace(theirs, tally=Tally(carried=pieces(cart)))
    return counted(theirs, merged=pieces(cart) - pieces(source))


def _ended_since(now: Cart, joined: Cart) -> tuple[PastCart, ...]:
    known = {(past.cart_id, past.state) for past in joined.past_carts}
    return tuple(past for past in now.past_carts if (past.cart_id, past.state) not in known)


def _since(now: Iterable[Thing], then: Iterable[Thing]) -> tuple[Thing, ...]:
    known = tuple(then)
    return tuple(one for one in now if one not in known)


def _still(mine: Iterable[Thing], now: tuple[Thing, ...], then: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """Give one's own that nobody took out since, and what came since."""
    gone = _since(then, now)
    own = tuple(one for one in mine if one not in gone)
    return (*own, *(one for one in _since(now, then) if one not in own))


def _less(now: Iterable[Redemption], source: Iterable[Redemption]) -> tuple[Redemption, ...]:
    theirs = {one.offer_id: one.count for one in source}
    left = (replace(one, count=one.count - theirs.get(one.offer_id, 0)) for one in now)
    return tuple(one for one in left if one.count > 0)
