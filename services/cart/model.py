"""Decides what a change does to a cart: pure and synchronous.

Each function takes the cart as it is and gives the cart as it shall be with the events to announce,
or raises one of `errors`. The caller saves both together or neither.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from libs.channel import Channel
from libs.mongo.values import Decision
from libs.origin import Origin
from services.cart import errors
from services.cart.audit.accounting import counted, ended, quantity_of
from services.cart.events import (
    CartAbandoned,
    CartCleared,
    CartUnlocked,
    Event,
    ItemAdded,
    ItemQuantitySet,
    ItemRemoved,
)
from services.cart.line_values import Article, CartId, Line, LineId, sum_of
from services.cart.orders.values import Order, OrderSummary
from services.cart.values import Cart, PastState

MAX_LINES = 200
MAX_LINE_QUANTITY = 9999
MAX_SUBTOTAL_MINOR = 10**15
MAX_RECENT_ORDERS = 5


class NothingToAnnounce(Exception):
    """The cart is not idle, or was announced already. No caller sees this: it ends a look of the sweep."""


@dataclass(frozen=True, slots=True)
class Act:
    """What every change knows about itself."""

    origin: Origin
    time: datetime
    """Now, by the server's clock."""
    occur_time: datetime
    """When it happened, by the caller's; a till that was offline tells later."""
    idle_due_time: datetime
    """When the cart is idle if nothing else happens to it."""
    expire_due_time: datetime | None = None
    """When it expires if nothing else happens to it; None for never."""

    @property
    def channel(self) -> Channel:
        """The place of the act."""
        return Channel(self.origin.channel_id, self.origin.channel_kind)


Change: TypeAlias = Decision[Cart, Event]
"""The cart after a change, and what to announce; no events where nothing changed."""


@dataclass(frozen=True, slots=True)
class LineChoice:
    """Which line is meant: by its id, or where that is empty by the sku that only one line has."""

    line_id: str = ""
    sku: str = ""


def add_item(
    cart: Cart, article: Article, quantity: int, *, act: Act, new_cart_id: CartId, new_line_id: LineId
) -> Change:
    """Add pieces of an article to the line that has it, else to a line of its own; the fact `line_id` says which."""
    if cart.lines and article.unit_price.currency_code != cart.currency_code:
        raise errors.currency_mismatch(cart.currency_code)
    check_tax(cart, article)
    line = line_for(cart.lines, article) or Line(
        new_line_id, article, 0, act.channel, min(act.occur_time, act.time), act.time, session_id=act.origin.session_id
    )
    if line.quantity + quantity > MAX_LINE_QUANTITY:
        raise errors.quantity_limit(MAX_LINE_QUANTITY)
    if not line.quantity and len(cart.lines) >= MAX_LINES:
        raise errors.line_limit(MAX_LINES)
    added = with_quantity(line, line.quantity + quantity, act)
    lines = replaced(cart.lines, line, added) if line.quantity else (*cart.lines, added)
    after = with_lines(replace(cart, cart_id=cart.cart_id or new_cart_id), lines, act)
    event = ItemAdded(
        after.cart_id, act.occur_time, line.line_id, article.sku, quantity, added.quantity, article.unit_price
    )
    return Decision(counted(after, added=quantity), (event,), facts={"line_id": line.line_id})


def set_item_quantity(
    cart: Cart, choice: LineChoice, quantity: int, *, act: Act, expected_quantity: int | None = None
) -> Change:
    """Set how many of a line there are, only from `expected_quantity` where that is given."""
    line = chosen(cart.lines, choice)
    if expected_quantity is not None and line.quantity != expected_quantity:
        raise errors.quantity_changed(line.quantity)
    if line.quantity == quantity:
        return Decision(cart)
    lines = replaced(cart.lines, line, with_quantity(line, quantity, act))
    event = ItemQuantitySet(
        cart.cart_id, act.occur_time, line.line_id, line.article.sku, old_quantity=line.quantity, quantity=quantity
    )
    more = quantity - line.quantity
    after = counted(with_lines(cart, lines, act), added=max(0, more), removed=max(0, -more))
    return Decision(after, (event,))


def remove_item(cart: Cart, choice: LineChoice, *, act: Act) -> Change:
    """Remove a line; by its id also one that was set aside or saved for later."""
    beside = (*cart.set_aside_lines, *cart.saved_lines)
    line = next((line for line in beside if line.line_id == choice.line_id), None) or chosen(cart.lines, choice)
    event = ItemRemoved(cart.cart_id, act.occur_time, line.line_id, line.article.sku, old_quantity=line.quantity)
    if line in beside:
        aside, saved = without(cart.set_aside_lines, line), without(cart.saved_lines, line)
        after = replace(cart, set_aside_lines=aside, saved_lines=saved)
    else:
        after = with_lines(cart, without(cart.lines, line), act)
    return Decision(counted(after, removed=line.quantity), (event,))


def clear(cart: Cart, *, act: Act) -> Change:
    """Remove all lines. What is saved for later stays, and what a merge set aside, which nobody may have seen."""
    if not cart.lines:
        return Decision(cart)
    after = counted(with_lines(cart, (), act), removed=quantity_of(cart.lines))
    return Decision(after, (CartCleared(cart.cart_id, act.occur_time, len(cart.lines)),))


def become_order(
    cart: Cart, order: Order, *, kept: tuple[Line, ...], act: Act, new_cart_id: CartId
) -> tuple[Cart, tuple[Event, ...]]:
    """End a cart with an order of its lines but for the `kept` pieces, which begin the next one; codes and lock end.

    `kept` are lines of the cart with at most as many pieces. Gives the next cart, and what to announce of the lock.
    """
    bought = counted(cart, ordered=quantity_of(cart.lines) - quantity_of(kept))
    after = with_lines(replace(bought, create_time=None), kept, act)
    after = replace(
        after,
        recent_orders=newest_orders((summary_of(order), *cart.recent_orders)),
        order_count=cart.order_count + 1,
        offer_codes=(),
        lock=None,
    )
    freed = (CartUnlocked(cart.cart_id, act.occur_time, expired=False),) if cart.lock else ()
    new = ended(bought, after, PastState.ORDERED, time=act.time, new_cart_id=new_cart_id, order_id=order.order_id)
    return new, freed


def abandon(cart: Cart, *, now: datetime) -> Change:
    """Announce a cart whose time has come, once until it changes again. Raises NothingToAnnounce."""
    if cart.idle_due_time is None or cart.update_time is None or cart.idle_due_time > now:
        raise NothingToAnnounce
    event = CartAbandoned(cart.cart_id, now, sum_of(cart.lines), len(cart.lines), idle_since_time=cart.update_time)
    return Decision(replace(cart, idle_due_time=None), (event,))


def with_lines(cart: Cart, lines: tuple[Line, ...], act: Act) -> Cart:
    """Give the cart with other lines, changed now; refuses a sum beyond the limit."""
    if lines and sum_of(lines).minor > MAX_SUBTOTAL_MINOR:
        raise errors.amount_limit(MAX_SUBTOTAL_MINOR)
    return replace(
        cart,
        lines=lines,
        create_time=(cart.create_time or act.time) if lines else None,
        update_time=act.time,
        idle_due_time=act.idle_due_time if lines else None,
        expire_due_time=act.expire_due_time if lines else None,
        last_origin=act.origin,
    )


def check_tax(cart: Cart, article: Article) -> None:
    """Refuse to mix prices that have their tax in them with others (TAX_INVALID)."""
    if not taxes_agree(cart.lines, article):
        raise errors.tax_invalid()


def taxes_agree(lines: tuple[Line, ...], article: Article) -> bool:
    """Say whether prices all have their tax in them, or none; what states no tax does not matter."""
    tax = article.tax
    taxes = (line.article.tax for line in lines)
    return tax is None or all(other is None or other.included == tax.included for other in taxes)


def summary_of(order: Order) -> OrderSummary:
    """Give an order without its lines."""
    return OrderSummary(
        order.order_id,
        order.cart_id,
        order.total,
        len(order.lines),
        order.store_id,
        order.channel,
        order.place_time,
        order.session_id,
        order.state,
        order.payment_state,
    )


def newest_orders(orders: tuple[OrderSummary, ...]) -> tuple[OrderSummary, ...]:
    """Give the few newest, newest first."""
    by_age = sorted(orders, key=lambda order: (order.place_time, order.order_id), reverse=True)
    return tuple(by_age[:MAX_RECENT_ORDERS])


def line_for(lines: tuple[Line, ...], article: Article) -> Line | None:
    """Find the line that more of an article belongs to.

    Merging can leave several full ones, and the one with the fewest pieces then has room.
    """
    same = [line for line in lines if line.article.is_same_as(article)]
    return min(same, key=lambda line: line.quantity, default=None)


def chosen(lines: tuple[Line, ...], choice: LineChoice) -> Line:
    """Find the line that is meant. Raises LINE_NOT_FOUND, SKU_AMBIGUOUS."""
    if choice.line_id:
        found = [line for line in lines if line.line_id == choice.line_id]
    else:
        found = [line for line in lines if line.article.sku == choice.sku]
    if not found:
        raise errors.line_not_found()
    if len(found) > 1:
        raise errors.sku_ambiguous(len(found))
    return found[0]


def with_quantity(line: Line, quantity: int, act: Act) -> Line:
    """Give a line with another number of pieces, changed now."""
    return replace(line, quantity=quantity, update_time=act.time, changed_session_id=act.origin.session_id)


def replaced(lines: tuple[Line, ...], old: Line, new: Line) -> tuple[Line, ...]:
    """Give lines with one of them in the place of another."""
    return tuple(new if line.line_id == old.line_id else line for line in lines)


def without(lines: tuple[Line, ...], gone: Line) -> tuple[Line, ...]:
    """Give lines without one of them."""
    return tuple(line for line in lines if line.line_id != gone.line_id)
