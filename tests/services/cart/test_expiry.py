"""A cart that nobody touched for very long ends, and nothing in it is lost."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.cart.audit.accounting import balance, pieces
from services.cart.desk.saving import MAX_SAVED_LINES
from services.cart.events import CartExpired
from services.cart.expiry import NotExpired, expire
from services.cart.line_values import CartId
from services.cart.model import add_item
from services.cart.values import Cart, PastState
from tests.services.cart.samples import EXPIRE_AFTER, NOON, act, article, cart_of

OVER = NOON + EXPIRE_AFTER + timedelta(hours=1)
NEXT = CartId("crt_2")


def test_an_expired_carts_lines_are_saved_for_later_and_the_next_cart_has_a_new_id() -> None:
    change = expire(cart_of((article(), 2), (article("sock"), 1)), now=OVER, new_cart_id=NEXT)
    after = change.state
    assert (after.lines, [line.quantity for line in after.saved_lines], after.cart_id) == ((), [2, 1], NEXT)
    assert (after.idle_due_time, after.expire_due_time, after.create_time) == (None, None, None)
    (past,) = after.past_carts
    assert (past.cart_id, past.state, past.end_time, past.left) == ("crt_1", PastState.EXPIRED, OVER, 3)
    assert balance(past.tally) == balance(after.tally) == pieces(after) == after.tally.carried == 3
    assert change.events == (
        CartExpired(CartId("crt_1"), OVER, line_count=2, idle_since_time=NOON + timedelta(minutes=1)),
    )


def test_what_is_saved_already_joins_up_to_a_full_line() -> None:
    saved = cart_of((article(), 9998), prefix="saved").lines
    for more, numbers in ((1, [9999]), (2, [9998, 2])):
        cart = replace(cart_of((article(), more)), saved_lines=saved)
        after = expire(cart, now=OVER, new_cart_id=NEXT).state
        assert [line.quantity for line in after.saved_lines] == numbers


def test_a_cart_that_finds_no_room_stays_as_it_is_for_good() -> None:
    many = cart_of(*((article(f"sku-{number}", 1), 1) for number in range(MAX_SAVED_LINES)), prefix="saved").lines
    cart = replace(cart_of((article(), 1)), saved_lines=many)
    change = expire(cart, now=OVER, new_cart_id=NEXT)
    assert change.state == replace(cart, expire_due_time=None)
    assert change.events == ()


def test_a_cart_expires_once_and_not_before_its_time() -> None:
    cart = cart_of((article(), 1))
    touched = add_item(cart, article(), 1, act=act(120), new_cart_id=NEXT, new_line_id=cart.lines[0].line_id).state
    for still in (touched, expire(cart, now=OVER, new_cart_id=NEXT).state, Cart()):
        with pytest.raises(NotExpired):
            expire(still, now=OVER, new_cart_id=NEXT)
