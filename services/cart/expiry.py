"""Decides what becomes of a cart that nobody touched for very long: its lines are saved for later. Pure."""

from dataclasses import replace
from datetime import datetime

from libs.mongo.values import Decision
from services.cart.audit.accounting import ended
from services.cart.desk.saving import MAX_SAVED_LINES
from services.cart.events import CartExpired
from services.cart.line_values import CartId, Line
from services.cart.model import MAX_LINE_QUANTITY, Change
from services.cart.values import Cart, PastState


class NotExpired(Exception):
    """The cart's time has not come, or it has expired already. No caller sees this: it ends a look of the sweep."""


def expire(cart: Cart, *, now: datetime, new_cart_id: CartId) -> Change:
    """End a cart whose time has come. Where not all its lines can be saved for later, it stays as it is for good.

    Raises NotExpired.
    """
    if cart.expire_due_time is None or cart.update_time is None or cart.expire_due_time > now:
        raise NotExpired
    saved = all_saved(cart.saved_lines, cart.lines, now=now)
    if saved is None:
        return Decision(replace(cart, expire_due_time=None))
    after = replace(
        cart, lines=(), saved_lines=saved, create_time=None, idle_due_time=None, expire_due_time=None, offer_codes=()
    )
    event = CartExpired(cart.cart_id, now, len(cart.lines), idle_since_time=cart.update_time)
    return Decision(ended(cart, after, PastState.EXPIRED, time=now, new_cart_id=new_cart_id), (event,))


def all_saved(saved: tuple[Line, ...], lines: tuple[Line, ...], *, now: datetime) -> tuple[Line, ...] | None:
    """Put lines to what is saved for later, each whole; None where not all of them find room."""
    for line in lines:
        same = (one for one in saved if one.article.is_same_as(line.article))
        there = min(same, key=lambda one: one.quantity, default=None)
        if there is not None and there.quantity + line.quantity <= MAX_LINE_QUANTITY:
            more = replace(there, quantity=there.quantity + line.quantity, update_time=now)
            saved = tuple(more if one.line_id == there.line_id else one for one in saved)
        else:
            saved = (*saved, replace(line, update_time=now))
    return saved if len(saved) <= MAX_SAVED_LINES else None
