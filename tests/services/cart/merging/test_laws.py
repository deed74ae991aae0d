"""What holds for every cart, whatever is done to it in whatever order."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from services.cart.audit.accounting import balance, pieces
from services.cart.desk.locking import LockWish, lock_cart
from services.cart.desk.notes import MAX_NOTES, add_note
from services.cart.desk.saving import MAX_SAVED_LINES, move_to_cart, save_for_later
from services.cart.expiry import NotExpired, expire
from services.cart.line_values import Article, CartId, Line, LineId
from services.cart.merging.taking_over import absorb
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
from tests.services.cart.samples import NOON, STORE, act, article, check_out

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
VERBS = ["add", "add", "add", "set", "remove", "clear", "pay", "save", "save", "back"]
STEPS = st.lists(st.tuples(st.sampled_from(VERBS), ARTICLES, QUANTITIES))
LIVES = st.lists(st.tuples(st.sampled_from([*VERBS, "expire", "note", "lock"]), ARTICLES, QUANTITIES))
"""With what a shopkeeper's list does not tell."""


def counted(lines: tuple[Line, ...]) -> Shelf:
    shelf: Shelf = Counter()
    for line in lines:
        shelf[line.article] += line.quantity
    return shelf


def simply(shelf: Shelf, saved: Shelf, step: Step) -> tuple[Shelf, Shelf]:
    """The whole cart as a shopkeeper would do it with two lists of articles and numbers."""
    verb, what, quantity = step
    after, kept = Counter(shelf), Counter(saved)
    same_currency = all(other.unit_price.currency_code == what.unit_price.currency_code for other in shelf)
    if verb == "add" and same_currency and shelf[what] + quantity <= MAX_LINE_QUANTITY:
        after[what] += quantity
    elif verb == "set" and shelf[what]:
        after[what] = quantity
    elif verb == "remove":
        del after[what]
    elif verb in {"clear", "pay"}:
        after.clear()
    elif verb == "save" and shelf[what] + saved[what] <= MAX_LINE_QUANTITY:
        kept[what] += after.pop(what, 0)
    elif verb == "back" and same_currency and shelf[what] + saved[what] <= MAX_LINE_QUANTITY:
        after[what] += kept.pop(what, 0)
    return +after, +kept


def really(cart: Cart, step: Step, number: int) -> Cart:
    """The same by the model; what it refuses leaves the cart as it was."""
    verb, what, quantity = step
    choice = LineChoice(line_id=next((line.line_id for line in cart.lines if line.article == what), LineId("none")))
    saved_choice = LineChoice(
        line_id=next((line.line_id for line in cart.saved_lines if line.article == what), LineId("none"))
    )
    now = act(number)
    new_cart, new_line = CartId(f"crt_{number}"), LineId(f"lin_{number}")
    todo: dict[str, Callable[[], Cart]] = {
        "add": lambda: add_item(cart, what, quantity, act=now, new_cart_id=new_cart, new_line_id=new_line).state,
        "set": lambda: set_item_quantity(cart, choice, quantity, act=now).state,
        "remove": lambda: remove_item(cart, choice, act=now).state,
        "clear": lambda: clear(cart, act=now).state,
        "pay": lambda: check_out(cart, act=now, order_id=f"ord_{number}", new_cart_id=new_cart).state,
        "save": lambda: save_for_later(cart, choice, act=now).state,
        "back": lambda: move_to_cart(cart, saved_choice, act=now).state,
        "expire": lambda: expire(overdue(cart, now.time), now=now.time, new_cart_id=new_cart).state,
        "note": lambda: add_note(cart, "a note", act=now, note_id=f"not_{number}").state,
        "lock": lambda: lock_cart(cart, LockWish("why", timedelta(hours=1)), act=act(number, STORE)).state,
    }
    try:
        return todo[verb]()
    except (OmnithreadError, NotExpired):
        return cart


def overdue(cart: Cart, now: datetime) -> Cart:
    """The cart after a long time, in which nothing else changed."""
    return replace(cart, expire_due_time=now) if cart.expire_due_time else cart


def shopped(steps: list[Step], *, start: int = 0) -> Cart:
    cart = Cart()
    for number, step in enumerate(steps, start=start):
        cart = really(cart, step, number)
    return cart


CARTS = st.builds(shopped, LIVES)
OTHER_CARTS = st.builds(shopped, LIVES, start=st.just(1000))


def everything(cart: Cart) -> Shelf:
    """All pieces, wherever they lie."""
    return counted((*cart.lines, *cart.set_aside_lines, *cart.saved_lines))


def assert_sound(cart: Cart) -> None:
    assert len(cart.lines) <= MAX_LINES
    assert all(1 <= line.quantity <= MAX_LINE_QUANTITY for line in cart.lines)
    assert {line.article.unit_price.currency_code for line in cart.lines} <= {cart.currency_code}
    total = sum(line.quantity * line.article.unit_price.minor for line in cart.lines)
    assert cart.subtotal == (Money(total, cart.currency_code) if cart.lines else None)
    assert len(cart.saved_lines) <= MAX_SAVED_LINES
    assert len(cart.notes) <= MAX_NOTES
    ids = [line.line_id for line in (*cart.lines, *cart.set_aside_lines, *cart.saved_lines)]
    assert len(ids) == len(set(ids))
    assert balance(cart.tally) == pieces(cart)
    for past in cart.past_carts:
        assert balance(past.tally) == past.left


@given(STEPS)
def test_a_cart_holds_what_was_put_in_and_not_taken_out(steps: list[Step]) -> None:
    cart, shelf, saved = Cart(), Shelf(), Shelf()
    for number, step in enumerate(steps):
        cart, (shelf, saved) = really(cart, step, number), simply(shelf, saved, step)
        assert (counted(cart.lines), counted(cart.saved_lines)) == (shelf, saved)
        for lines in (cart.lines, cart.saved_lines):
            assert len({line.article for line in lines}) == len(lines)
        assert_sound(cart)


@given(LIVES)
def test_every_cart_accounts_for_every_piece_and_the_next_begins_with_what_was_left(steps: list[Step]) -> None:
    cart = Cart()
    for number, step in enumerate(steps):
        before, cart = cart, really(cart, step, number)
        assert_sound(cart)
        if before.cart_id and cart.cart_id != before.cart_id:
            assert cart.past_carts[0].cart_id == before.cart_id
            assert cart.past_carts[0].left == cart.tally.carried == pieces(cart)


@given(STEPS)
def test_a_cart_with_something_in_it_always_has_an_hour_to_go(steps: list[Step]) -> None:
    cart = Cart()
    for number, step in enumerate(steps):
        before, cart = cart, really(cart, step, number)
        if (cart.lines, cart.cart_id) != (before.lines, before.cart_id):
            due = NOON + timedelta(minutes=number + 60)
            assert cart.idle_due_time == (due if cart.lines else None)


@given(CARTS)
def test_a_cart_comes_back_from_the_store_as_it_went_in(cart: Cart) -> None:
    assert cart_from_document({"_id": "cus_1", **cart_to_fields(cart)}) == cart


@given(CARTS, OTHER_CARTS)
def test_absorbing_a_cart_loses_no_piece_of_any_article(survivor: Cart, source: Cart) -> None:
    after = absorb(survivor, source, merge_id="mrg_1", source_customer_id="cus_2", act=act(9999)).state
    assert everything(after) == everything(survivor) + everything(source)
    saved = counted(survivor.saved_lines) + counted(source.saved_lines)
    assert counted(after.saved_lines) == saved
    assert [line.line_id for line in after.lines[: len(survivor.lines)]] == [line.line_id for line in survivor.lines]
    assert_sound(after)
    assert after.lock == survivor.lock
    assert after.order_count == survivor.order_count + source.order_count
    assert {order.order_id for order in after.recent_orders} <= {
        order.order_id for order in (*survivor.recent_orders, *source.recent_orders)
    }


@given(st.integers(0, 10**15), st.sampled_from(["CHF", "JPY", "KWD", "RSD"]))
def test_an_amount_is_the_same_after_the_wire(minor: int, currency_code: str) -> None:
    assert price_from_proto(money_to_proto(Money(minor, currency_code))) == Money(minor, currency_code)
