"""Decides how an order and its payment come further: pure and synchronous.

Each function takes the order as it is and gives it as it shall be with what to announce, or raises one of `errors`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.mongo.values import Decision
from services.cart import errors
from services.cart.events import Event, OrderAdvanced, OrderPaymentChanged
from services.cart.model import Act, Change, summary_of
from services.cart.orders.values import Order, OrderState, OrderStep, PaymentState
from services.cart.values import Cart

CLOCK_TOLERANCE = timedelta(seconds=60)
"""So far may the clocks of two places that tell of one order be apart."""

_HANDED_OVER = frozenset({OrderState.PICKED_UP, OrderState.DELIVERED})
ADVANCES: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.PLACED: frozenset({OrderState.READY, OrderState.SHIPPED, OrderState.CANCELLED, *_HANDED_OVER}),
    OrderState.READY: frozenset({OrderState.PICKED_UP, OrderState.CANCELLED}),
    OrderState.SHIPPED: frozenset({OrderState.DELIVERED, OrderState.CANCELLED}),
}
"""Where an order can be brought to; from any other state only what comes back leads on."""
PAYMENTS: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.PENDING: frozenset({PaymentState.AUTHORIZED, PaymentState.PAID, PaymentState.FAILED}),
    PaymentState.AUTHORIZED: frozenset({PaymentState.PAID, PaymentState.FAILED}),
    PaymentState.FAILED: frozenset({PaymentState.PENDING}),
    PaymentState.PAID: frozenset({PaymentState.REFUNDED}),
}


@dataclass(frozen=True, slots=True)
class OrderChange:
    """An order after a change, and what to announce; no events where nothing changed."""

    order: Order
    events: tuple[Event, ...] = ()

    def kept_in(self, cart: Cart, *, facts: Mapping[str, str]) -> Change:
        """Give the customer's record with the order among the newest as it is now."""
        if not self.events:
            return Decision(cart, facts=facts)
        now = summary_of(self.order)
        orders = tuple(now if one.order_id == now.order_id else one for one in cart.recent_orders)
        return Decision(replace(cart, recent_orders=orders), self.events, facts=facts)


def advance(order: Order, state: OrderState, *, occur_time: datetime | None, act: Act) -> OrderChange:
    """Bring an order further. Without `occur_time` it was when the command was issued, as far as that can be.

    Raises ORDER_STATE_INVALID and OCCUR_TIME_INVALID.
    """
    if state is order.state:
        return OrderChange(order)
    if state not in ADVANCES.get(order.state, frozenset()):
        raise errors.order_state_invalid(order.state)
    last = order.steps[-1].occur_time if order.steps else order.place_time
    if occur_time is None:
        time = max(act.occur_time, last)
    else:
        time = max(happened(occur_time, act=act, since=last - CLOCK_TOLERANCE), last)
    after = with_state(order, state, time=time, act=act)
    return OrderChange(after, (OrderAdvanced(order.cart_id, time, after, order.state),))


def pay(order: Order, state: PaymentState, *, reference: str, act: Act) -> OrderChange:
    """Say how far the payment has come; an empty reference leaves it as it is. Raises PAYMENT_STATE_INVALID."""
    if state is order.payment_state and reference in ("", order.payment_reference):
        return OrderChange(order)
    if state is not order.payment_state and state not in PAYMENTS.get(order.payment_state, frozenset()):
        raise errors.payment_state_invalid(order.payment_state)
    after = replace(
        order,
        payment_state=state,
        payment_reference=reference or order.payment_reference,
        revision=order.revision + 1,
    )
    return OrderChange(after, (OrderPaymentChanged(order.cart_id, act.occur_time, after),))


def with_state(order: Order, state: OrderState, *, time: datetime, act: Act) -> Order:
    """Give the order in another state, with the step that led there."""
    step = OrderStep(state, time, act.channel, act.origin.actor_id)
    return replace(order, state=state, steps=(*order.steps, step), revision=order.revision + 1)


def happened(occur_time: datetime, *, act: Act, since: datetime) -> datetime:
    """Give a time that is neither in the future nor before `since`. Raises OCCUR_TIME_INVALID."""
    if occur_time > act.time + CLOCK_TOLERANCE:
        raise errors.occur_time_invalid("in the future")
    if occur_time < since:
        raise errors.occur_time_invalid("too early")
    return occur_time
