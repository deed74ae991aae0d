"""How an order comes further, and what never happens to it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from services.cart.events import OrderAdvanced
from services.cart.model import LineChoice
from services.cart.orders.model import ADVANCES, PAYMENTS, OrderChange, advance, pay
from services.cart.orders.returns import LEFT_THE_HOUSE, TakenBack, pieces_left, take_back
from services.cart.orders.values import External, Order, OrderState, PaymentState
from tests.services.cart.order_samples import order_of_cart
from tests.services.cart.samples import NOON, STORE, act

FINAL = {OrderState.PICKED_UP, OrderState.DELIVERED, OrderState.CANCELLED, OrderState.RETURNED}
STATES = st.sampled_from(sorted(OrderState))


def refused(change: object) -> str:
    """The reason for which something is refused; empty where it is not."""
    try:
        change()  # type: ignore[operator]
    except OmnithreadError as error:
        return error.reason
    return ""


def returning(number: int, *choices: tuple[str, int], minutes: float = 60) -> TakenBack:
    return TakenBack(
        External("till-7", f"X-{number}"),
        tuple((LineChoice(sku=sku), quantity) for sku, quantity in choices),
        NOON + timedelta(minutes=minutes),
    )


def test_an_order_is_ready_and_then_picked_up_and_every_step_is_kept() -> None:
    ready = advance(order_of_cart(), OrderState.READY, occur_time=None, act=act(30, STORE)).order
    change = advance(ready, OrderState.PICKED_UP, occur_time=None, act=act(90, STORE))
    assert [(step.state, step.channel.id, step.actor_id) for step in change.order.steps] == [
        (OrderState.READY, "store-042", "anna"),
        (OrderState.PICKED_UP, "store-042", "anna"),
    ]
    assert change.events == (OrderAdvanced("crt_1", act(90).time, change.order, OrderState.READY),)  # type: ignore[arg-type]
    assert change.order.revision == 3


def test_saying_again_where_it_stands_changes_nothing() -> None:
    order = advance(order_of_cart(), OrderState.SHIPPED, occur_time=None, act=act(30)).order
    assert advance(order, OrderState.SHIPPED, occur_time=NOON, act=act(60)) == OrderChange(order)


def test_what_was_handed_over_is_not_cancelled_any_more() -> None:
    order = advance(order_of_cart(), OrderState.DELIVERED, occur_time=None, act=act(30)).order
    with pytest.raises(OmnithreadError) as error:
        advance(order, OrderState.CANCELLED, occur_time=None, act=act(60))
    assert (error.value.reason, dict(error.value.metadata)) == ("ORDER_STATE_INVALID", {"state": "DELIVERED"})


def test_a_step_is_neither_in_the_future_nor_before_the_one_before() -> None:
    order = advance(order_of_cart(), OrderState.READY, occur_time=None, act=act(30)).order
    for minutes in (25, 92):
        time = NOON + timedelta(minutes=minutes)
        reason = refused(lambda time=time: advance(order, OrderState.PICKED_UP, occur_time=time, act=act(90)))
        assert reason == "OCCUR_TIME_INVALID"
    slow_clock = advance(order, OrderState.PICKED_UP, occur_time=NOON + timedelta(minutes=29.5), act=act(90)).order
    assert slow_clock.steps[-1].occur_time == act(30).time


def test_a_payment_that_failed_begins_again() -> None:
    order = order_of_cart()
    for state in (PaymentState.FAILED, PaymentState.PENDING, PaymentState.AUTHORIZED, PaymentState.PAID):
        order = pay(order, state, reference="", act=act(5)).order
    paid = pay(order, PaymentState.PAID, reference="pay_77", act=act(6)).order
    assert (paid.payment_reference, paid.revision) == ("pay_77", 6)
    assert pay(paid, PaymentState.PAID, reference="pay_77", act=act(7)).events == ()
    assert refused(lambda: pay(paid, PaymentState.FAILED, reference="", act=act(7))) == "PAYMENT_STATE_INVALID"


def test_all_pieces_come_back_in_two_returns() -> None:
    order = order_of_cart(state=OrderState.PICKED_UP)
    part = take_back(order, returning(1, ("shoe", 1), ("sock", 3)), act=act(60)).order
    assert (part.state, dict(pieces_left(part))) == (
        OrderState.RETURNED_PARTLY,
        {"lin_shoe": 1, "lin_sock": 0},
    )
    back = take_back(part, returning(2, ("shoe", 1)), act=act(70)).order
    assert (back.state, pieces_left(back).total()) == (OrderState.RETURNED, 0)
    assert refused(lambda: take_back(back, returning(3, ("shoe", 1)), act=act(80))) == "RETURN_TOO_MANY"


def test_a_line_that_is_named_twice_is_counted_together() -> None:
    order = order_of_cart(state=OrderState.PICKED_UP)
    reason = refused(lambda: take_back(order, returning(1, ("shoe", 1), ("shoe", 2)), act=act(60)))
    assert reason == "RETURN_TOO_MANY"


def test_nothing_comes_back_of_what_has_not_left() -> None:
    assert refused(lambda: take_back(order_of_cart(), returning(1, ("shoe", 1)), act=act(60))) == "ORDER_STATE_INVALID"


def test_a_return_is_not_before_the_sale_nor_in_the_future() -> None:
    order = order_of_cart(state=OrderState.PICKED_UP)
    for minutes in (-2, 62):
        back = returning(1, ("shoe", 1), minutes=minutes)
        assert refused(lambda back=back: take_back(order, back, act=act(60))) == "OCCUR_TIME_INVALID"


def test_an_order_has_fifty_returns_and_no_more() -> None:
    order = order_of_cart(("bead", 60), state=OrderState.PICKED_UP)
    for number in range(50):
        order = take_back(order, returning(number, ("bead", 1)), act=act(60)).order
    assert len(order.steps) == 1
    assert refused(lambda: take_back(order, returning(50, ("bead", 1)), act=act(60))) == "RETURN_LIMIT"


COMMANDS = st.lists(
    st.one_of(
        STATES,
        st.sampled_from(sorted(PaymentState)),
        st.tuples(st.sampled_from(("shoe", "sock", "hat")), st.integers(1, 4)),
    ),
    max_size=12,
)


@given(STATES, COMMANDS)
def test_no_path_leads_out_of_a_final_state_and_what_came_back_adds_up(
    begin: OrderState, commands: list[OrderState | PaymentState | tuple[str, int]]
) -> None:
    order = order_of_cart(("shoe", 3), ("sock", 3), state=begin if begin in ADVANCES else OrderState.PLACED)
    for number, command in enumerate(commands):
        before = order
        try:
            order = _told(order, command, number)
        except OmnithreadError:
            continue
        _check_step(before, order, by_return=isinstance(command, tuple))


def _told(order: Order, command: OrderState | PaymentState | tuple[str, int], number: int) -> Order:
    if isinstance(command, tuple):
        return take_back(order, returning(number, command), act=act(60)).order
    if isinstance(command, OrderState):
        return advance(order, command, occur_time=None, act=act(number)).order
    return pay(order, command, reference="", act=act(number)).order


def _check_step(before: Order, after: Order, *, by_return: bool) -> None:
    if after.state is not before.state:
        if by_return:
            assert before.state in LEFT_THE_HOUSE
        else:
            assert before.state not in {*FINAL, OrderState.RETURNED_PARTLY}
            assert after.state not in {OrderState.RETURNED, OrderState.RETURNED_PARTLY, OrderState.PLACED}
    left = pieces_left(after)
    assert all(pieces >= 0 for pieces in left.values())
    assert (after.state is OrderState.RETURNED) == (left.total() == 0)
    assert (after.state is OrderState.RETURNED_PARTLY) == (0 < left.total() < 6)
    assert after.revision == before.revision + (after != before)
    assert len(after.steps) <= 20


def test_a_payment_ends_where_it_was_given_back() -> None:
    assert PaymentState.REFUNDED not in PAYMENTS
