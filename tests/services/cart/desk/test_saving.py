"""What is saved for later waits beside the cart: it costs nothing, is not bought, and moves back when it is wanted."""

from dataclasses import replace

import pytest

from libs.errors import OmnithreadError
from services.cart.audit.accounting import balance, pieces
from services.cart.desk.saving import MAX_SAVED_LINES, move_to_cart, save_for_later
from services.cart.events import LineMoved
from services.cart.line_values import CartId, LineId, TaxRate
from services.cart.model import LineChoice, add_item, clear, remove_item
from services.cart.money import Money
from services.cart.values import Cart
from tests.services.cart.samples import act, article, cart_of, check_out

SHOE, SOCK = LineChoice(sku="shoe"), LineChoice(sku="sock")


def two_articles() -> Cart:
    return cart_of((article("shoe"), 2), (article("sock", 490), 3))


def test_a_line_goes_to_what_is_saved_and_comes_back_under_its_own_id() -> None:
    away = save_for_later(two_articles(), SHOE, act=act(5))
    assert [(line.line_id, line.quantity) for line in away.state.saved_lines] == [("lin_0", 2)]
    assert away.state.subtotal == Money(1470, "CHF")
    assert away.events == (LineMoved(CartId("crt_1"), act(5).time, LineId("lin_0"), "shoe", 2, saved=True),)
    back = move_to_cart(away.state, SHOE, act=act(6))
    assert [line.line_id for line in back.state.lines] == ["lin_1", "lin_0"]
    assert (back.state.saved_lines, dict(back.facts)) == ((), {"line_id": "lin_0"})


def test_the_same_article_is_one_line_on_either_side() -> None:
    cart = save_for_later(two_articles(), SHOE, act=act(5)).state
    cart = add_item(
        cart, article("shoe"), 4, act=act(6), new_cart_id=CartId("crt_9"), new_line_id=LineId("lin_9")
    ).state
    back = move_to_cart(cart, SHOE, act=act(7))
    assert [(line.line_id, line.quantity) for line in back.state.lines] == [("lin_1", 3), ("lin_9", 6)]
    assert dict(back.facts) == {"line_id": "lin_9"}


def test_what_is_saved_is_neither_bought_nor_cleared_and_goes_by_its_id() -> None:
    cart = save_for_later(two_articles(), SHOE, act=act(5)).state
    bought = check_out(cart, act=act(6))
    for after in (bought.state, clear(cart, act=act(6)).state):
        assert ([line.line_id for line in after.saved_lines], after.lines, after.idle_due_time) == (["lin_0"], (), None)
    gone = remove_item(bought.state, LineChoice(line_id="lin_0"), act=act(7)).state
    assert gone.saved_lines == ()
    assert balance(gone.tally) == pieces(gone) == 0


def test_moving_refuses_what_adding_would_refuse_and_moves_nothing() -> None:
    full = replace(cart_of((article("shoe"), 1)), saved_lines=cart_of((article("shoe"), 9999), prefix="saved").lines)
    many = cart_of(*((article(f"sku-{number}", 1), 1) for number in range(MAX_SAVED_LINES)), prefix="saved").lines
    euro = cart_of((article("sock", currency_code="EUR"), 1), prefix="saved").lines
    taxed = tuple(
        replace(line, article=replace(line.article, tax=TaxRate(770, included=included)))
        for line, included in zip(two_articles().lines, (True, False), strict=True)
    )
    for cart, choice, move, reason in (
        (full, SHOE, save_for_later, "QUANTITY_LIMIT"),
        (full, SHOE, move_to_cart, "QUANTITY_LIMIT"),
        (replace(two_articles(), saved_lines=many), SHOE, save_for_later, "LINE_LIMIT"),
        (replace(Cart(), lines=many, saved_lines=two_articles().lines), SHOE, move_to_cart, "LINE_LIMIT"),
        (replace(two_articles(), saved_lines=euro), SOCK, move_to_cart, "CURRENCY_MISMATCH"),
        (Cart(lines=taxed[:1], saved_lines=taxed[1:]), SOCK, move_to_cart, "TAX_INVALID"),
        (two_articles(), LineChoice(sku="boot"), save_for_later, "LINE_NOT_FOUND"),
        (two_articles(), SHOE, move_to_cart, "LINE_NOT_FOUND"),
    ):
        with pytest.raises(OmnithreadError) as error:
            move(cart, choice, act=act(5))
        assert error.value.reason == reason


def test_a_line_that_was_set_aside_comes_in_by_its_id_where_it_fits_now() -> None:
    euro = cart_of((article("boot", currency_code="EUR"), 2), prefix="aside").lines
    cart = move_to_cart(Cart(set_aside_lines=euro), LineChoice(line_id="aside_0"), act=act(5)).state
    assert ([line.line_id for line in cart.lines], cart.set_aside_lines) == (["aside_0"], ())
