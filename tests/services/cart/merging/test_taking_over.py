"""What becomes of a guest's cart when the guest turns out to be somebody."""

from dataclasses import replace
from datetime import timedelta

from services.cart.events import CartAbsorbed
from services.cart.line_values import Article, CartId
from services.cart.merging.taking_over import MAX_SET_ASIDE_LINES, absorb
from services.cart.model import MAX_LINE_QUANTITY, MAX_LINES, MAX_SUBTOTAL_MINOR, Change
from services.cart.values import Cart
from tests.services.cart.samples import IDLE_AFTER, NOON, STORE, act, article, cart_of


def absorbed(survivor: Cart, source: Cart, *, minutes: float = 30) -> Change:
    return absorb(survivor, source, merge_id="mrg_1", source_customer_id="cus_2", act=act(minutes, STORE))


def guest_cart(*items: tuple[Article, int]) -> Cart:
    return cart_of(*items, prefix="guest", cart_id="crt_guest")


def test_the_same_article_becomes_one_line_and_the_rest_follows() -> None:
    survivor = cart_of((article(), 2), (article("sock", 490), 1))
    change = absorbed(survivor, guest_cart((article("boot"), 1), (article(), 3)))
    assert [(line.line_id, line.quantity) for line in change.state.lines] == [
        ("lin_0", 5),
        ("lin_1", 1),
        ("guest_0", 1),
    ]
    assert change.events == (
        CartAbsorbed(CartId("crt_1"), NOON + timedelta(minutes=30), "mrg_1", "cus_2", 2, set_aside_line_count=0),
    )


def test_more_pieces_than_a_line_can_have_become_a_further_line() -> None:
    change = absorbed(cart_of((article(), 9000)), guest_cart((article(), 1500)))
    assert [line.quantity for line in change.state.lines] == [MAX_LINE_QUANTITY, 501]
    again = absorbed(change.state, guest_cart((article(), 9999)))
    assert [line.quantity for line in again.state.lines] == [MAX_LINE_QUANTITY, MAX_LINE_QUANTITY, 501]


def test_another_currency_is_set_aside_and_comes_in_where_it_fits() -> None:
    guest = guest_cart((article("boot", currency_code="EUR"), 1), (article("sock", currency_code="EUR"), 4))
    change = absorbed(cart_of((article(), 2)), guest)
    assert (change.state.currency_code, len(change.state.lines)) == ("CHF", 1)
    assert [line.line_id for line in change.state.set_aside_lines] == ["guest_0", "guest_1"]
    (event,) = change.events
    assert isinstance(event, CartAbsorbed)
    assert (event.line_count, event.set_aside_line_count) == (0, 2)

    survivor = cart_of((article("boot", currency_code="EUR"), 1), prefix="other")
    later = absorbed(survivor, change.state)
    assert [(line.line_id, line.quantity) for line in later.state.lines] == [("other_0", 2), ("guest_1", 4)]
    assert [line.line_id for line in later.state.set_aside_lines] == ["lin_0"]


def test_an_empty_cart_takes_the_currency_of_the_guest() -> None:
    assert absorbed(Cart(), guest_cart((article(currency_code="EUR"), 1))).state.currency_code == "EUR"


def test_lines_beyond_the_limit_are_set_aside() -> None:
    survivor = cart_of(*((article(f"sku-{number}"), 1) for number in range(MAX_LINES - 1)))
    guest = guest_cart((article("a"), 1), (article("b"), 2), (article("sku-0"), 3))
    after = absorbed(survivor, guest).state
    assert len(after.lines) == MAX_LINES
    assert after.lines[0].quantity == 4
    assert [(line.article.sku, line.quantity) for line in after.set_aside_lines] == [("b", 2)]


def test_a_sum_beyond_the_limit_is_not_reached_by_merging() -> None:
    survivor = cart_of((article(minor=MAX_SUBTOTAL_MINOR), 1))
    after = absorbed(survivor, guest_cart((article("a", 1), 1), (article("free", 0), 1))).state
    assert [line.article.sku for line in after.lines] == ["shoe", "free"]
    assert [line.article.sku for line in after.set_aside_lines] == ["a"]


def test_what_is_set_aside_is_bounded_and_the_rest_stays_with_the_source() -> None:
    full = cart_of(*((article(f"sku-{number}", currency_code="EUR"), 1) for number in range(MAX_LINES)))
    survivor = absorbed(cart_of((article(), 1)), full).state
    change = absorbed(survivor, guest_cart((article(currency_code="EUR"), 1)))
    assert len(change.state.set_aside_lines) == MAX_SET_ASIDE_LINES
    (event,) = change.events
    assert isinstance(event, CartAbsorbed)
    assert event.set_aside_line_count == 1


def test_a_guest_without_a_cart_changes_nothing_but_says_so() -> None:
    survivor = cart_of((article(), 2))
    change = absorbed(survivor, Cart())
    assert change.state == survivor
    assert len(change.events) == 1


def test_a_merged_cart_has_its_full_time_again_and_the_older_beginning() -> None:
    survivor = replace(cart_of((article(), 2)), create_time=NOON + timedelta(minutes=5), idle_due_time=None)
    after = absorbed(survivor, guest_cart((article("boot"), 1)), minutes=40).state
    assert after.idle_due_time == NOON + timedelta(minutes=40) + IDLE_AFTER
    assert after.create_time == NOON


def test_the_last_channel_is_where_the_customer_last_was_not_the_merge() -> None:
    after = absorbed(cart_of((article(), 2)), guest_cart((article("boot"), 1))).state
    assert after.last_origin is not None
    assert after.last_origin.channel_id == "web-shop"


def test_the_cart_keeps_its_id_and_takes_the_guests_where_it_has_none() -> None:
    guest = guest_cart((article(), 1))
    assert absorbed(Cart(), guest).state.cart_id == "crt_guest"
    assert absorbed(cart_of((article(), 1)), guest).state.cart_id == "crt_1"
