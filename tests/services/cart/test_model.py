"""What a cart does, told by examples; its laws are in `test_laws.py`."""

from dataclasses import replace
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from libs.mongo.values import Decision
from services.cart.checkout.model import Wish
from services.cart.events import CartAbandoned, CartCheckedOut, ItemAdded, ItemQuantitySet, ItemRemoved
from services.cart.line_values import Article, CartId, LineId
from services.cart.model import (
    MAX_LINE_QUANTITY,
    MAX_LINES,
    MAX_RECENT_ORDERS,
    MAX_SUBTOTAL_MINOR,
    Change,
    LineChoice,
    NothingToAnnounce,
    abandon,
    add_item,
    clear,
    remove_item,
    set_item_quantity,
)
from services.cart.money import Money
from services.cart.values import Cart
from tests.services.cart.samples import IDLE_AFTER, NOON, STORE, act, article, cart_of, check_out


def put(cart: Cart, what: Article, quantity: int = 1, *, minutes: float = 0) -> Change:
    return add_item(
        cart, what, quantity, act=act(minutes), new_cart_id=CartId("crt_1"), new_line_id=LineId(f"lin_new{minutes}")
    )


def test_an_article_added_twice_is_one_line_that_keeps_its_id_and_where_it_began() -> None:
    cart = cart_of((article(), 2))
    change = add_item(
        cart,
        replace(article(), name="A new name"),
        3,
        act=act(9, STORE),
        new_cart_id=CartId("crt_2"),
        new_line_id=LineId("lin_9"),
    )
    (line,) = change.state.lines
    assert (change.facts, line.line_id, line.quantity) == ({"line_id": "lin_0"}, "lin_0", 5)
    assert (line.channel.id, line.add_time, line.update_time) == ("web-shop", NOON, NOON + timedelta(minutes=9))
    assert change.state.cart_id == "crt_1"
    assert change.state.subtotal == Money(5 * 8990, "CHF")
    assert change.events == (
        ItemAdded(CartId("crt_1"), NOON + timedelta(minutes=9), LineId("lin_0"), "shoe", 3, 5, Money(8990, "CHF")),
    )


@pytest.mark.parametrize("other", [article("boot"), article(minor=7990), article(size="42")])
def test_another_article_price_or_size_is_another_line(other: Article) -> None:
    assert [line.quantity for line in cart_of((article(), 2), (other, 1)).lines] == [2, 1]


def test_the_first_line_fixes_the_currency_until_the_cart_is_empty() -> None:
    cart = cart_of((article(), 1))
    with pytest.raises(OmnithreadError, match="CURRENCY_MISMATCH") as refused:
        put(cart, article(currency_code="EUR"))
    assert refused.value.metadata == {"currency_code": "CHF"}
    assert put(clear(cart, act=act(1)).state, article(currency_code="EUR")).state.currency_code == "EUR"


def test_a_line_has_at_most_9999_pieces() -> None:
    cart = cart_of((article(), MAX_LINE_QUANTITY))
    with pytest.raises(OmnithreadError, match="QUANTITY_LIMIT"):
        put(cart, article())


def test_a_cart_has_at_most_200_lines_and_its_lines_still_take_more() -> None:
    cart = cart_of(*((article(f"sku-{number}"), 1) for number in range(MAX_LINES)))
    with pytest.raises(OmnithreadError, match="LINE_LIMIT"):
        put(cart, article("one-more"))
    assert put(cart, article("sku-7")).state.lines[7].quantity == 2


def test_a_sum_has_a_limit_however_it_comes_about() -> None:
    cart = cart_of((article(minor=MAX_SUBTOTAL_MINOR), 1))
    with pytest.raises(OmnithreadError, match="AMOUNT_LIMIT"):
        put(cart, article(minor=1))
    with pytest.raises(OmnithreadError, match="AMOUNT_LIMIT"):
        set_item_quantity(cart, LineChoice(line_id="lin_0"), 2, act=act())


def test_a_quantity_is_set_and_says_what_it_was() -> None:
    change = set_item_quantity(cart_of((article(), 2)), LineChoice(sku="shoe"), 7, act=act(1), expected_quantity=2)
    assert change.state.lines[0].quantity == 7
    assert change.events == (
        ItemQuantitySet(CartId("crt_1"), NOON + timedelta(minutes=1), LineId("lin_0"), "shoe", 2, 7),
    )


def test_a_quantity_that_another_channel_changed_is_not_overwritten() -> None:
    with pytest.raises(OmnithreadError, match="QUANTITY_CHANGED") as refused:
        set_item_quantity(cart_of((article(), 2)), LineChoice(sku="shoe"), 7, act=act(1), expected_quantity=1)
    assert refused.value.metadata == {"quantity": "2"}


def test_setting_the_quantity_that_is_there_announces_nothing() -> None:
    cart = cart_of((article(), 2))
    assert set_item_quantity(cart, LineChoice(sku="shoe"), 2, act=act(5)) == Decision(cart)


@pytest.mark.parametrize("choice", [LineChoice(line_id="lin_9"), LineChoice(sku="boot"), LineChoice()])
def test_a_line_that_is_not_there_is_not_found(choice: LineChoice) -> None:
    cart = cart_of((article(), 2))
    with pytest.raises(OmnithreadError, match="LINE_NOT_FOUND"):
        set_item_quantity(cart, choice, 1, act=act())
    with pytest.raises(OmnithreadError, match="LINE_NOT_FOUND"):
        remove_item(cart, choice, act=act())


def test_a_sku_on_two_lines_names_neither() -> None:
    cart = cart_of((article(size="41"), 1), (article(size="42"), 1))
    with pytest.raises(OmnithreadError, match="SKU_AMBIGUOUS") as refused:
        remove_item(cart, LineChoice(sku="shoe"), act=act())
    assert refused.value.metadata == {"line_count": "2"}
    assert len(remove_item(cart, LineChoice(line_id="lin_1"), act=act()).state.lines) == 1


def test_removing_the_last_line_leaves_an_empty_cart_that_is_never_abandoned() -> None:
    change = remove_item(cart_of((article(), 2)), LineChoice(sku="shoe"), act=act(1))
    assert (change.state.lines, change.state.subtotal, change.state.currency_code) == ((), None, "")
    assert (change.state.create_time, change.state.idle_due_time) == (None, None)
    assert change.state.cart_id == "crt_1"
    assert change.events == (ItemRemoved(CartId("crt_1"), NOON + timedelta(minutes=1), LineId("lin_0"), "shoe", 2),)


def test_clearing_an_empty_cart_announces_nothing() -> None:
    assert clear(Cart(), act=act()) == Decision(Cart())


def test_checkout_makes_an_order_of_the_lines_and_an_empty_cart_with_a_new_id() -> None:
    cart = cart_of((article(), 2), (article("sock", 490), 3))
    wish = Wish(store_id="store-042", payment_reference="pay-1")
    change = check_out(cart, wish, act=act(30, STORE))
    assert (change.state.cart_id, change.state.lines, change.state.idle_due_time) == ("crt_2", (), None)
    (event,) = change.events
    assert isinstance(event, CartCheckedOut)
    assert (event.cart_id, event.order.lines, event.order.total) == ("crt_1", cart.lines, Money(19450, "CHF"))
    assert (event.order.channel.id, event.order.payment_reference) == ("store-042", "pay-1")
    (summary,) = change.state.recent_orders
    assert (summary.order_id, summary.line_count, summary.store_id) == ("ord_1", 2, "store-042")


def test_an_empty_cart_is_not_checked_out() -> None:
    with pytest.raises(OmnithreadError, match="CART_EMPTY"):
        check_out(Cart(), act=act())


def test_the_newest_five_orders_stay_with_the_cart_newest_first() -> None:
    cart = Cart()
    for number in range(MAX_RECENT_ORDERS + 2):
        cart = put(cart, article(), minutes=number).state
        cart = check_out(cart, act=act(number), order_id=f"ord_{number}", new_cart_id=f"crt_{number}").state
    assert [order.order_id for order in cart.recent_orders] == ["ord_6", "ord_5", "ord_4", "ord_3", "ord_2"]


def test_an_idle_cart_is_announced_once_until_it_changes_again() -> None:
    cart = cart_of((article(), 2))
    due = NOON + IDLE_AFTER
    with pytest.raises(NothingToAnnounce):
        abandon(cart, now=due - timedelta(milliseconds=1))
    announced = abandon(cart, now=due)
    assert announced.events == (
        CartAbandoned(CartId("crt_1"), due, Money(17980, "CHF"), line_count=1, idle_since_time=NOON),
    )
    with pytest.raises(NothingToAnnounce):
        abandon(announced.state, now=due + timedelta(days=9))
    touched = put(announced.state, article(), minutes=90).state
    assert len(abandon(touched, now=NOON + timedelta(minutes=150)).events) == 1
