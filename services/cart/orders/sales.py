"""Decides what a sale that another system made does to the customer's record: pure.

It has happened, so nothing in the record refuses it, also no lock. What was bought is taken out of the cart as far as
it was there then: the same article number, and the same attributes where the sale tells any; oldest lines first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.ids import derived_id
from libs.mongo.values import Decision
from services.cart import errors
from services.cart.audit.accounting import counted
from services.cart.events import OrderRecorded
from services.cart.line_values import NO_CART, Article, Line, LineId, OrderId, sum_of
from services.cart.model import MAX_SUBTOTAL_MINOR, Act, Change, newest_orders, summary_of, with_lines
from services.cart.money import Money
from services.cart.orders.model import happened
from services.cart.orders.values import External, Order, OrderState, OrderStep, PaymentState
from services.cart.values import Cart

OLDEST_SALE = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Sale:
    """What another system sold."""

    external: External
    articles: tuple[tuple[Article, int], ...]
    """What, and how many of it."""
    total: Money | None
    """None for the sum of the lines."""
    occur_time: datetime
    store_id: str
    state: OrderState
    payment_state: PaymentState
    payment_reference: str


def order_of(sale: Sale, *, order_id: OrderId, of_customer_id: str, act: Act) -> Order:
    """Give the order that a sale is: the same one from the same sale, whenever it is told.

    Raises OCCUR_TIME_INVALID, CURRENCY_MISMATCH and AMOUNT_LIMIT.
    """
    time = happened(sale.occur_time, act=act, since=act.time - OLDEST_SALE)
    lines = tuple(
        Line(_line_id(order_id, place), article, quantity, act.channel, time, time, act.origin.session_id)
        for place, (article, quantity) in enumerate(sale.articles)
    )
    currencies = [article.unit_price.currency_code for article, _ in sale.articles]
    if len({*currencies, sale.total.currency_code if sale.total else currencies[0]}) > 1:
        raise errors.currency_mismatch(currencies[0])
    total = sale.total or sum_of(lines)
    if max(total.minor, sum_of(lines).minor) > MAX_SUBTOTAL_MINOR:
        raise errors.amount_limit(MAX_SUBTOTAL_MINOR)
    return Order(
        order_id=order_id,
        cart_id=NO_CART,
        lines=lines,
        total=total,
        store_id=sale.store_id,
        payment_reference=sale.payment_reference,
        channel=act.channel,
        place_time=time,
        session_id=act.origin.session_id,
        state=sale.state,
        payment_state=sale.payment_state,
        steps=(OrderStep(sale.state, time, act.channel, act.origin.actor_id),),
        external=sale.external,
        actor_id=act.origin.actor_id,
        of_customer_id=of_customer_id,
    )


def record_sale(cart: Cart, order: Order, *, act: Act) -> Change:
    """Put the order among the customer's, and take out of the cart what was bought with it."""
    lines, taken = _without_bought(cart.lines, order, act)
    after = replace(
        cart,
        order_count=cart.order_count + 1,
        recent_orders=newest_orders((summary_of(order), *cart.recent_orders)),
    )
    if taken:
        after = with_lines(counted(after, applied=1, bought_elsewhere=taken), lines, act)
    event = OrderRecorded(
        cart_id=cart.cart_id,
        occur_time=order.place_time,
        order=order,
        taken_quantity=taken,
        cart_emptied=bool(taken) and not lines,
    )
    return Decision(after, (event,), facts={"order_id": order.order_id})


def _without_bought(lines: tuple[Line, ...], order: Order, act: Act) -> tuple[tuple[Line, ...], int]:
    """Give what is left of the lines, and how many pieces were taken out.

    What was sold with attributes takes its lines first: what was sold without any is content with the others.
    """
    left = {line.line_id: line.quantity for line in lines}
    for sold in sorted(order.lines, key=lambda sold: not sold.article.attributes):
        wanted = sold.quantity
        for line in _oldest_first(lines):
            if line.add_time <= order.place_time and _is_meant(line.article, sold.article):
                out = min(wanted, left[line.line_id])
                left[line.line_id] -= out
                wanted -= out
    session_id = act.origin.session_id
    after = tuple(
        line
        if left[line.line_id] == line.quantity
        else replace(line, quantity=left[line.line_id], update_time=act.time, changed_session_id=session_id)
        for line in lines
        if left[line.line_id]
    )
    return after, sum(line.quantity for line in lines) - sum(left.values())


def _oldest_first(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.add_time)


def _is_meant(in_cart: Article, sold: Article) -> bool:
    return in_cart.sku == sold.sku and sold.attributes in ((), in_cart.attributes)


def _line_id(order_id: str, place: int) -> LineId:
    return LineId(derived_id("lin", order_id, str(place)))
