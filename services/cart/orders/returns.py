"""Decides what becomes of an order of which something comes back: pure, and never more than was bought."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from services.cart import errors
from services.cart.events import OrderReturned
from services.cart.line_values import Line
from services.cart.model import Act, LineChoice, chosen
from services.cart.orders.model import CLOCK_TOLERANCE, OrderChange, happened, with_state
from services.cart.orders.values import External, Order, OrderReturn, OrderState, ReturnedLine

MAX_RETURNS = 50
LEFT_THE_HOUSE = frozenset(
    {
        OrderState.SHIPPED,
        OrderState.PICKED_UP,
        OrderState.DELIVERED,
        OrderState.RETURNED_PARTLY,
        OrderState.RETURNED,
    }
)
"""What can come back: a parcel also before it was delivered, where it is refused."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What a till, or the mail room, says has come back."""

    external: External
    choices: tuple[tuple[LineChoice, int], ...]
    """Which lines, and how many of each; a line may be named more than once."""
    occur_time: datetime


def take_back(order: Order, back: TakenBack, *, act: Act) -> OrderChange:
    """Add a return to an order.

    Raises ORDER_STATE_INVALID, OCCUR_TIME_INVALID, RETURN_LIMIT, LINE_NOT_FOUND, SKU_AMBIGUOUS and RETURN_TOO_MANY.
    """
    if order.state not in LEFT_THE_HOUSE:
        raise errors.order_state_invalid(order.state)
    time = happened(back.occur_time, act=act, since=order.place_time - CLOCK_TOLERANCE)
    if len(order.returns) >= MAX_RETURNS:
        raise errors.return_limit(MAX_RETURNS)
    left = pieces_left(order)
    wanted: Counter[str] = Counter()
    lines: dict[str, Line] = {}
    for choice, quantity in back.choices:
        line = chosen(order.lines, choice)
        lines[line.line_id] = line
        wanted[line.line_id] += quantity
        if wanted[line.line_id] > left[line.line_id]:
            raise errors.return_too_many(left[line.line_id])
    returned = tuple(ReturnedLine(lines[name].line_id, lines[name].article.sku, wanted[name]) for name in lines)
    with_return = replace(order, returns=(*order.returns, OrderReturn(back.external, returned, time, act.channel)))
    state = OrderState.RETURNED if wanted.total() == left.total() else OrderState.RETURNED_PARTLY
    if state is order.state:
        after = replace(with_return, revision=order.revision + 1)
    else:
        after = with_state(with_return, state, time=time, act=act)
    return OrderChange(after, (OrderReturned(order.cart_id, time, after, wanted.total()),))


def pieces_left(order: Order) -> Counter[str]:
    """Give how many pieces of each line can still come back, by line id."""
    left: Counter[str] = Counter()
    for line in order.lines:
        left[line.line_id] += line.quantity
    for back in order.returns:
        for returned in back.lines:
            left[returned.line_id] -= returned.quantity
    return left
