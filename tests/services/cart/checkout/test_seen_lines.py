"""What of a cart is ordered, going by what the payer saw: nothing is lost, and nothing is ordered that nobody saw."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from omnithread.cart.v1 import cart_service_pb2 as pb
from services.cart.checkout.model import Wish
from services.cart.checkout.seen_lines import SeenLine, difference_of, part
from services.cart.events import CartCheckedOut
from services.cart.line_values import Line, OrderId
from services.cart.values import Cart
from tests.services.cart.merging.test_laws import CARTS, assert_sound, counted
from tests.services.cart.samples import act, article, cart_of, check_out

ORDER = OrderId("ord_1")


def seen_of(cart: Cart, **other: int) -> tuple[SeenLine, ...]:
    """What the payer sees of a cart, but for the lines that are named."""
    numbers = {line.line_id: line.quantity for line in cart.lines} | other
    return tuple(SeenLine(line_id, quantity) for line_id, quantity in numbers.items() if quantity)


SHARES = st.lists(st.integers(0, 9999), min_size=20, max_size=20)


@given(CARTS, SHARES)
def test_every_piece_is_ordered_or_kept_and_only_what_was_seen_is_ordered(cart: Cart, shares: list[int]) -> None:
    saw = {line.line_id: share % (line.quantity + 1) for line, share in zip(cart.lines, shares, strict=False)}
    seen = tuple(SeenLine(line_id, quantity) for line_id, quantity in saw.items() if quantity)
    parting = part(cart.lines, seen, ORDER)
    assert counted(parting.ordered) + counted(parting.kept) == counted(cart.lines)
    assert {line.line_id: line.quantity for line in parting.ordered} == {one.line_id: one.quantity for one in seen}
    ids = [line.line_id for line in (*parting.ordered, *parting.kept)]
    assert len(ids) == len(set(ids))
    assert difference_of(parting.ordered, seen) == difference_of((), ())

    if seen:
        after = check_out(cart, Wish(seen=seen, keep_added=True), act=act(9999)).state
        assert counted(after.lines) == counted(parting.kept)
        assert_sound(after)


@given(CARTS, st.dictionaries(st.sampled_from([f"lin_{number}" for number in range(20)]), st.integers(1, 9999)))
def test_the_difference_leads_from_what_was_seen_to_what_is_there(cart: Cart, saw: dict[str, int]) -> None:
    there = {line.line_id: line.quantity for line in cart.lines}
    difference = difference_of(cart.lines, tuple(SeenLine(line_id, quantity) for line_id, quantity in saw.items()))
    after = Counter(saw)
    after.update({line.line_id: line.quantity for line in difference.added})
    after.subtract({line.line_id: line.quantity for line in difference.removed})
    assert +after == Counter(there)


def test_what_was_added_since_is_in_the_next_cart_where_the_payer_wants_that() -> None:
    cart = cart_of((article("shoe"), 3), (article("sock", 490), 1))
    change = check_out(cart, Wish(seen=(SeenLine("lin_0", 2),), keep_added=True), act=act(5))
    event = change.events[0]
    assert isinstance(event, CartCheckedOut)
    assert [(line.line_id, line.quantity) for line in event.order.lines] == [("lin_0", 2)]
    assert (event.order.total.minor, event.kept_line_count) == (17980, 2)
    assert [(line.article.sku, line.quantity) for line in change.state.lines] == [("shoe", 1), ("sock", 1)]
    assert change.state.cart_id == "crt_2"
    assert change.state.lines[0].line_id != "lin_0"


def test_a_code_that_did_not_count_stays_for_what_stays() -> None:
    cart = replace(cart_of((article("shoe"), 3)), offer_codes=("SPRING",))
    assert check_out(cart, Wish(seen=(SeenLine("lin_0", 2),), keep_added=True), act=act(5)).state.offer_codes
    assert not check_out(cart, act=act(5)).state.offer_codes


@pytest.mark.parametrize(
    ("seen", "added", "removed"),
    [
        ((SeenLine("lin_0", 2), SeenLine("lin_1", 1)), [("lin_0", "shoe", 1)], []),
        ((SeenLine("lin_0", 4), SeenLine("lin_1", 1)), [], [("lin_0", "shoe", 1)]),
        (
            (SeenLine("lin_0", 3), SeenLine("lin_gone", 5)),
            [("lin_1", "sock", 1)],
            [("lin_gone", "", 5)],
        ),
    ],
)
def test_a_cart_that_is_not_as_the_payer_saw_it_is_refused_with_what_changed(
    seen: tuple[SeenLine, ...], added: list[tuple[str, str, int]], removed: list[tuple[str, str, int]]
) -> None:
    cart = cart_of((article("shoe"), 3), (article("sock", 490), 1))
    with pytest.raises(OmnithreadError) as refused:
        check_out(cart, Wish(seen=seen, keep_added=bool(removed)), act=act(5))
    (detail,) = refused.value.details
    assert isinstance(detail, pb.CartDifference)
    assert refused.value.reason == "CART_CHANGED"
    assert [(line.line_id, line.sku, line.quantity) for line in detail.added_lines] == added
    assert [(line.line_id, line.sku, line.quantity) for line in detail.removed_lines] == removed


def test_a_large_difference_names_thirty_lines_and_fits_into_an_error() -> None:
    lines = cart_of(*((article(f"{number:064}"), 1) for number in range(200))).lines
    cart = replace(Cart(), lines=tuple(_named(line, number) for number, line in enumerate(lines)))
    with pytest.raises(OmnithreadError) as refused:
        check_out(cart, Wish(seen=tuple(SeenLine(f"{number:064}", 9999) for number in range(200))), act=act(5))
    (detail,) = refused.value.details
    assert isinstance(detail, pb.CartDifference)
    assert (len(detail.added_lines), len(detail.removed_lines), detail.truncated) == (30, 30, True)
    assert detail.ByteSize() < 7000


def _named(line: Line, number: int) -> Line:
    return replace(line, line_id=type(line.line_id)(f"x{number:063}"))
