"""What holds for every cart, whatever is done to it in whatever order."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from services.cart.line_values import Article, CartId, Line, LineId
from services.cart.merging import absorb
from services.cart.model import (
    MAX_LINE_QUANTITY,
    MAX_LINES,
    LineChoice,
    add_item,
    clear,
    remove_item,
    set_item_quantity,
)
from services.cart.money import Money, money_to_proto, price_from_proto
from services.cart.store import cart_from_document, cart_to_fields
from services.cart.values import Cart
from tests.services.cart.samples import NOON, act, article, check_out

# Few skus, sizes and prices, so that the same ones meet often.
ARTICLES = st.builds(
    article,
    sku=st.sampled_from(["shoe", "sock"]),
    minor=st.sampled_from([0, 490, 8990]),
    currency_code=st.sampled_from(["CHF", "CHF", "CHF", "EUR"]),
    size=st.sampled_from(["41", "42"]),
)
QUANTITIES = st.one_of(st.integers(1, 5), st.integers(4990, MAX_LINE_QUANTITY))

Shelf = Counter[Article]
Step = tuple[str, Article, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "add", "add", "set", "remove", "clear", "pay"]), ARTICLES, QUANTITIES)
)


def counted(lines: tuple[Line, ...]) -> Shelf:
    shelf: Shelf = Counter()
    for line in lines:
        shelf[line.article] += line.quantity
    return shelf


def simply(shelf: Shelf, step: Step) -> Shelf:
    """The whole cart as a shopkeeper would do it with a list of articles and numbers."""
    verb, what, quantity = step
    after = Counter(shelf)
    if verb == "add":
        same_currency = all(other.unit_price.currency_code == what.unit_price.currency_code for other in shelf)
        if same_currency and shelf[what] + quantity <= MAX_LINE_QUANTITY:
            after[what] += quantity
    elif verb == "set" and shelf[what]:
        after[what] = quantity
    elif verb == "remove":
        del after[what]
    elif verb in {"clear", "pay"}:
        after.clear()
    return after


def really(cart: Cart, step: Step, number: int) -> Cart:
    """The same by the model; what it refuses leaves the cart as it was."""
    verb, what, quantity = step
    choice = LineChoice(line_id=next((line.line_id for line in cart.lines if line.article == what), LineId("none")))
    now = act(number)
    new_cart, new_line = CartId(f"crt_{number}"), LineId(f"lin_{number}")
    todo: dict[str, Callable[[], Cart]] = {
        "add": lambda: add_item(cart, what, quantity, act=now, new_cart_id=new_cart, new_line_id=new_line).state,
        "set": lambda: set_item_quantity(cart, choice, quantity, act=now).state,
        "remove": lambda: remove_item(cart, choice, act=now).state,
        "clear": lambda: clear(cart, act=now).state,
        "pay": lambda: check_out(cart, act=now, order_id=f"ord_{number}", new_cart_id=new_cart).state,
    }
    try:
        return todo[verb]()
    except OmnithreadError:
        return cart


def shopped(steps: list[Step], *, start: int = 0) -> Cart:
    cart = Cart()
    for number, step in enumerate(steps, start=start):
        cart = really(cart, step, number)
    return cart


CARTS = st.builds(shopped, STEPS)
OTHER_CARTS = st.builds(shopped, STEPS, start=st.just(1000))


def assert_sound(cart: Cart) -> None:
    assert len(cart.lines) <= MAX_LINES
    assert all(1 <= line.quantity <= MAX_LINE_QUANTITY for line in cart.lines)
    assert {line.article.unit_price.currency_code for line in cart.lines} <= {cart.currency_code}
    total = sum(line.quantity * line.article.unit_price.minor for line in cart.lines)
    assert cart.subtotal == (Money(total, cart.currency_code) if cart.lines else None)
    ids = [line.line_id for line in (*cart.lines, *cart.set_aside_lines)]
    assert len(ids) == len(set(ids))


@given(STEPS)
def test_a_cart_holds_what_was_put_in_and_not_taken_out(steps: list[Step]) -> None:
    cart, shelf = Cart(), Shelf()
    for number, step in enumerate(steps):
        cart, shelf = really(cart, step, number), simply(shelf, step)
        assert counted(cart.lines) == shelf
        assert len({line.article for line in cart.lines}) == len(cart.lines)
        assert_sound(cart)


@given(STEPS)
def test_a_cart_with_something_in_it_always_has_an_hour_to_go(steps: list[Step]) -> None:
    cart = Cart()
    for number, step in enumerate(steps):
        before, cart = cart, really(cart, step, number)
        if cart != before:
            due = NOON + timedelta(minutes=number + 60)
            assert cart.idle_due_time == (due if cart.lines else None)


@given(CARTS)
def test_a_cart_comes_back_from_the_store_as_it_went_in(cart: Cart) -> None:
    assert cart_from_document({"_id": "cus_1", **cart_to_fields(cart)}) == cart


@given(CARTS, OTHER_CARTS)
def test_absorbing_a_cart_loses_no_piece_of_any_article(survivor: Cart, source: Cart) -> None:
    after = absorb(survivor, source, merge_id="mrg_1", source_customer_id="cus_2", act=act(9999)).state
    both = counted((*survivor.lines, *survivor.set_aside_lines, *source.lines, *source.set_aside_lines))
    assert counted((*after.lines, *after.set_aside_lines)) == both
    assert [line.line_id for line in after.lines[: len(survivor.lines)]] == [line.line_id for line in survivor.lines]
    assert_sound(after)
    assert {order.order_id for order in after.recent_orders} <= {
        order.order_id for order in (*survivor.recent_orders, *source.recent_orders)
    }


@given(st.integers(0, 10**15), st.sampled_from(["CHF", "JPY", "KWD", "RSD"]))
def test_an_amount_is_the_same_after_the_wire(minor: int, currency_code: str) -> None:
    assert price_from_proto(money_to_proto(Money(minor, currency_code))) == Money(minor, currency_code)
