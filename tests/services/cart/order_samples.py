"""Orders and sales to tell stories with."""

from datetime import datetime

from services.cart.line_values import Article, CartId, Line, LineId, OrderId, sum_of
from services.cart.orders.sales import Sale
from services.cart.orders.values import External, Order, OrderState, PaymentState
from tests.services.cart.samples import NOON, act, article

TILL = External("till-7", "R-1001")


def order_of_cart(*items: tuple[str, int], **fields: object) -> Order:
    """An order of the cart, placed at noon."""
    lines = tuple(
        Line(LineId(f"lin_{sku}"), article(sku), quantity, act().channel, NOON, NOON)
        for sku, quantity in items or (("shoe", 2), ("sock", 3))
    )
    given = {
        "order_id": OrderId("ord_1"),
        "cart_id": CartId("crt_1"),
        "lines": lines,
        "total": sum_of(lines),
        "store_id": "store-042",
        "payment_reference": "",
        "channel": act().channel,
        "place_time": NOON,
        **fields,
    }
    return Order(**given)  # type: ignore[arg-type]


def sale_of(*articles: tuple[Article, int], at: datetime = NOON) -> Sale:
    """A sale rung up in a store, paid and taken along."""
    return Sale(
        external=TILL,
        articles=articles,
        total=None,
        occur_time=at,
        store_id="store-042",
        state=OrderState.PICKED_UP,
        payment_state=PaymentState.PAID,
        payment_reference="",
    )
