"""While a member of staff works on a cart nobody else changes it, for a while."""

from dataclasses import replace
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from services.cart.desk.locking import (
    LockWish,
    NothingToUnlock,
    check_unlocked,
    lock_cart,
    unlock_cart,
    unlock_over,
    without_over_lock,
)
from services.cart.events import CartLocked, CartUnlocked
from services.cart.values import Cart
from tests.services.cart.samples import NOON, STORE, WEB, act, article, cart_of

WISH = LockWish("Checking the sizes for you", timedelta(minutes=15))
ANOTHER = replace(STORE, actor_id="bert")


def locked(minutes: float = 0) -> Cart:
    return lock_cart(cart_of((article(), 2)), WISH, act=act(minutes, STORE)).state


def refused(cart: Cart, minutes: float, *, actor_id: str = "anna", channel_id: str = "store-042") -> str:
    try:
        check_unlocked(cart, replace(STORE, actor_id=actor_id, channel_id=channel_id), act(minutes).time)
    except OmnithreadError as error:
        return error.reason
    return ""


def test_only_who_locked_a_cart_changes_it_and_only_there() -> None:
    cart = locked()
    assert refused(cart, 5) == ""
    assert refused(cart, 5, actor_id="bert") == "CART_LOCKED"
    assert refused(cart, 5, actor_id="") == "CART_LOCKED"
    assert refused(cart, 5, channel_id="store-007") == "CART_LOCKED"


def test_the_refusal_says_where_and_until_when() -> None:
    with pytest.raises(OmnithreadError) as error:
        check_unlocked(locked(), WEB, act(5).time)
    assert dict(error.value.metadata) == {"channel_id": "store-042", "until_time": "2026-03-14T12:15:00.000Z"}


def test_a_lock_that_is_over_hinders_nobody_and_is_taken_off_once() -> None:
    cart = locked()
    assert refused(cart, 15, actor_id="") == ""
    freed, events = without_over_lock(cart, act(15).time)
    assert (freed.lock, events) == (None, (CartUnlocked(cart.cart_id, NOON + timedelta(minutes=15), expired=True),))
    assert unlock_over(cart, now=act(15).time).state == freed
    for still in (freed, locked(minutes=5)):
        with pytest.raises(NothingToUnlock):
            unlock_over(still, now=act(15).time)


def test_a_cart_does_not_expire_under_the_hands_of_who_works_on_it() -> None:
    old = cart_of((article(), 2))
    assert old.expire_due_time is not None
    late = (old.expire_due_time - NOON) / timedelta(minutes=1) - 5
    worked_on = lock_cart(old, WISH, act=act(late, STORE)).state
    assert worked_on.expire_due_time == old.expire_due_time + timedelta(minutes=10)
    assert locked().expire_due_time == old.expire_due_time


def test_who_works_on_a_cart_goes_on_for_longer_never_for_less() -> None:
    again = lock_cart(locked(), LockWish("Still at it", timedelta(minutes=10)), act=act(10, STORE))
    assert again.state.lock is not None
    assert (again.state.lock.lock_time, again.state.lock.reason) == (NOON, "Still at it")
    assert again.state.lock.until_time == NOON + timedelta(minutes=20)
    assert again.events == (CartLocked(again.state.cart_id, act(10).time, NOON + timedelta(minutes=20)),)
    shorter = lock_cart(locked(), LockWish("Nearly done", timedelta(minutes=1)), act=act(10, STORE)).state
    assert shorter.lock is not None
    assert shorter.lock.until_time == NOON + timedelta(minutes=15)


def test_a_lock_by_nobody_or_on_nothing_or_beside_another_is_refused() -> None:
    for cart, origin, reason in (
        (cart_of((article(), 1)), WEB, "ACTOR_REQUIRED"),
        (Cart(), STORE, "CART_EMPTY"),
        (locked(), ANOTHER, "CART_LOCKED"),
    ):
        with pytest.raises(OmnithreadError) as error:
            lock_cart(cart, WISH, act=act(5, origin))
        assert error.value.reason == reason


def test_another_member_of_staff_ends_a_lock_only_by_saying_so() -> None:
    with pytest.raises(OmnithreadError):
        unlock_cart(locked(), act=act(5, ANOTHER), force=False)
    for origin, force in ((STORE, False), (ANOTHER, True)):
        change = unlock_cart(locked(), act=act(5, origin), force=force)
        assert change.state.lock is None
        assert change.events == (CartUnlocked(change.state.cart_id, act(5).time, expired=False),)
    free = cart_of((article(), 1))
    assert unlock_cart(free, act=act(5, STORE), force=False).state == free
