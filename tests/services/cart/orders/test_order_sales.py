"""What a sale in another system takes out of the cart."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from services.cart.events import OrderRecorded
from services.cart.line_values import Article, OrderId
from services.cart.model import Change
from services.cart.money import Money
from services.cart.orders.sales import Sale, order_of, record_sale
from services.cart.values import Cart
from tests.services.cart.order_samples import sale_of
from tests.services.cart.samples import NOON, STORE, act, article, cart_of

SOLD_AT = NOON + timedelta(minutes=30)


def told(cart: Cart, sale: Sale, *, minutes: float = 60) -> Change:
    order = order_of(sale, order_id=OrderId("ord_1"), of_customer_id="", act=act(minutes, STORE))
    return record_sale(cart, order, act=act(minutes, STORE))


def left(change: Change) -> list[tuple[str, int]]:
    return [(line.article.sku, line.quantity) for line in change.state.lines]


def refused(sale: Sale) -> str:
    with pytest.raises(OmnithreadError) as error:
        told(Cart(), sale)
    return error.value.reason


def test_what_was_bought_in_the_store_is_not_in_the_cart_any_more() -> None:
    change = told(
        cart_of((article("shoe"), 1), (article("sock"), 5)),
        sale_of((article("shoe"), 1), (article("sock"), 2), at=SOLD_AT),
    )
    assert left(change) == [("sock", 3)]
    (event,) = change.events
    assert isinstance(event, OrderRecorded)
    assert (event.occur_time, event.taken_quantity, event.cart_emptied) == (SOLD_AT, 3, False)
    assert (change.state.tally.bought_elsewhere, change.state.order_count) == (3, 1)
    assert change.state.update_time == act(60).time
    assert [order.place_time for order in change.state.recent_orders] == [SOLD_AT]


def test_a_cart_that_is_empty_for_it_goes_on_and_nobody_need_be_reminded() -> None:
    change = told(cart_of((article("shoe"), 1)), sale_of((article("shoe"), 4), at=SOLD_AT))
    assert (change.state.cart_id, change.state.lines, change.state.idle_due_time) == ("crt_1", (), None)
    assert change.state.past_carts == ()
    assert [getattr(event, "cart_emptied") for event in change.events] == [True]  # noqa: B009  of one kind of event


def test_what_was_put_in_after_the_sale_stays() -> None:
    cart = cart_of((article("shoe"), 1), (article("sock"), 1))
    later = replace(cart, lines=(cart.lines[0], replace(cart.lines[1], add_time=SOLD_AT + timedelta(seconds=1))))
    assert left(told(later, sale_of((article("shoe"), 1), (article("sock"), 1), at=SOLD_AT))) == [("sock", 1)]


def test_a_sale_that_tells_the_size_takes_that_size_first() -> None:
    cart = cart_of((article("shoe", size="41"), 1), (article("shoe", size="42"), 2))
    sale = sale_of((article("shoe"), 1), (article("shoe", size="41"), 1), at=SOLD_AT)
    change = told(cart, sale)
    assert [(dict(line.article.attributes)["size"], line.quantity) for line in change.state.lines] == [("42", 1)]


def test_what_the_cart_never_had_leaves_it_as_it_was() -> None:
    cart = cart_of((article("shoe"), 1))
    change = told(cart, sale_of((article("hat"), 1), at=SOLD_AT))
    assert replace(change.state, recent_orders=(), order_count=0) == cart


def test_the_price_in_the_store_may_be_another() -> None:
    assert left(told(cart_of((article("shoe", 8990), 1)), sale_of((article("shoe", 7990), 1), at=SOLD_AT))) == []


def test_what_is_no_sale_is_refused() -> None:
    sale = sale_of((article("shoe"), 1), at=SOLD_AT)
    assert refused(replace(sale, occur_time=NOON + timedelta(minutes=62))) == "OCCUR_TIME_INVALID"
    assert refused(replace(sale, occur_time=NOON - timedelta(days=400))) == "OCCUR_TIME_INVALID"
    assert refused(sale_of((article("shoe"), 1), (article("sock", 1, "EUR"), 1), at=SOLD_AT)) == "CURRENCY_MISMATCH"
    assert refused(replace(sale, total=Money(1, "EUR"))) == "CURRENCY_MISMATCH"
    assert refused(replace(sale, total=Money(10**15 + 1, "CHF"))) == "AMOUNT_LIMIT"


def articles(lines: list[tuple[str, str, int]]) -> list[tuple[Article, int]]:
    return [(article(sku, size=size) if size else article(sku), quantity) for sku, size, quantity in lines]


LINES = st.lists(
    st.tuples(st.sampled_from(("shoe", "sock")), st.sampled_from(("", "41", "42")), st.integers(1, 5)),
    min_size=1,
    max_size=6,
)


@given(LINES, LINES)
def test_no_more_is_taken_out_than_was_bought_and_nothing_else(
    in_cart: list[tuple[str, str, int]], sold: list[tuple[str, str, int]]
) -> None:
    cart = cart_of(*articles(in_cart))
    change = told(cart, sale_of(*articles(sold), at=SOLD_AT))
    before = {line.line_id: line.quantity for line in cart.lines}
    after = {line.line_id: line.quantity for line in change.state.lines}
    assert all(0 < after[name] <= before[name] for name in after)
    for sku in ("shoe", "sock"):
        gone = sum(before[line.line_id] - after.get(line.line_id, 0) for line in cart.lines if line.article.sku == sku)
        bought = sum(quantity for name, _, quantity in sold if name == sku)
        had = sum(line.quantity for line in cart.lines if line.article.sku == sku)
        assert gone <= min(bought, had)
        if all(not size for name, size, _ in sold if name == sku):
            assert gone == min(bought, had)
