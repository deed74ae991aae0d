"""Decides who may change a cart while a member of staff works on it. Pure.

A lock belongs to one member of staff on one channel, and ends by itself. Merges and the suite's own work ignore it.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.errors import actor_required
from libs.mongo.values import Decision
from libs.origin import Origin
from services.cart import errors
from services.cart.events import CartLocked, CartUnlocked, Event
from services.cart.model import Act, Change
from services.cart.values import Cart, Lock


class NothingToUnlock(Exception):
    """The cart is not locked, or not over time. No caller sees this: it ends a look of the sweep."""


@dataclass(frozen=True, slots=True)
class LockWish:
    """What somebody who wants to work on a cart says."""

    reason: str
    duration: timedelta


def check_unlocked(cart: Cart, origin: Origin, now: datetime) -> None:
    """Refuse a change by anybody but who works on the cart (CART_LOCKED)."""
    lock = cart.lock
    if lock is not None and lock.until_time > now and not _holds(lock, origin):
        raise errors.cart_locked(lock.channel.id, lock.until_time)


def without_over_lock(cart: Cart, now: datetime) -> tuple[Cart, tuple[Event, ...]]:
    """Take off a lock whose time is over, and say so."""
    if cart.lock is None or cart.lock.until_time > now:
        return cart, ()
    return replace(cart, lock=None), (CartUnlocked(cart.cart_id, cart.lock.until_time, expired=True),)


def lock_cart(cart: Cart, wish: LockWish, *, act: Act) -> Change:
    """Let only this member of staff change the cart, or let them go on for longer; until then it does not expire.

    Raises ACTOR_REQUIRED, CART_LOCKED, CART_EMPTY.
    """
    check_actor(act.origin)
    check_unlocked(cart, act.origin, act.time)
    if not cart.lines:
        raise errors.cart_empty()
    until, since = act.time + wish.duration, act.time
    if cart.lock is not None:
        until, since = max(until, cart.lock.until_time), cart.lock.lock_time
    lock = Lock(act.channel, act.origin.actor_id, wish.reason, since, until)
    expire_due_time = max(cart.expire_due_time, until) if cart.expire_due_time is not None else None
    after = replace(cart, lock=lock, expire_due_time=expire_due_time)
    return Decision(after, (CartLocked(cart.cart_id, act.occur_time, until),))


def unlock_cart(cart: Cart, *, act: Act, force: bool) -> Change:
    """End a lock: one's own, or by force another's. Raises ACTOR_REQUIRED, CART_LOCKED."""
    check_actor(act.origin)
    if not force:
        check_unlocked(cart, act.origin, act.time)
    if cart.lock is None:
        return Decision(cart)
    return Decision(replace(cart, lock=None), (CartUnlocked(cart.cart_id, act.occur_time, expired=False),))


def unlock_over(cart: Cart, *, now: datetime) -> Change:
    """Take off a lock whose time is over. Raises NothingToUnlock."""
    freed, events = without_over_lock(cart, now)
    if not events:
        raise NothingToUnlock
    return Decision(freed, events)


def check_actor(origin: Origin) -> None:
    """Refuse what only a member of staff may do (ACTOR_REQUIRED)."""
    if not origin.actor_id:
        raise actor_required()


def _holds(lock: Lock, origin: Origin) -> bool:
    return (lock.channel.id, lock.actor_id) == (origin.channel_id, origin.actor_id)
