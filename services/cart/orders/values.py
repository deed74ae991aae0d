"""What an order is made of: frozen values."""

import enum
from dataclasses import dataclass
from datetime import datetime

from libs.channel import Channel
from services.cart.line_values import CartId, Line, LineId, OrderId
from services.cart.money import Money
from services.cart.pricing.values import Price


class OrderState(enum.StrEnum):
    """How far an order has come."""

    PLACED = "placed"
    READY = "ready"
    SHIPPED = "shipped"
    PICKED_UP = "picked_up"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED_PARTLY = "returned_partly"
    RETURNED = "returned"


class PaymentState(enum.StrEnum):
    """How far a payment has come."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class External:
    """What a sale, or a return, is called in the system that made it."""

    system: str
    number: str


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One state that an order came to."""

    state: OrderState
    occur_time: datetime
    channel: Channel
    actor_id: str = ""


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """What came back of one line."""

    line_id: LineId
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderReturn:
    """Something that came back."""

    external: External
    lines: tuple[ReturnedLine, ...]
    occur_time: datetime
    channel: Channel


@dataclass(frozen=True, slots=True)
class Order:
    """A cart that was checked out, or a sale of another system. Its lines do not change with the catalogue."""

    order_id: OrderId
    cart_id: CartId
    """Empty for a sale of another system."""
    lines: tuple[Line, ...]
    total: Money
    store_id: str
    """Where it is picked up; empty for a delivery."""
    payment_reference: str
    channel: Channel
    place_time: datetime
    session_id: str = ""
    """The visit in which it was placed; empty where the caller named none."""
    state: OrderState = OrderState.PLACED
    payment_state: PaymentState = PaymentState.PENDING
    price: Price | None = None
    """As it was; None for a sale of another system."""
    steps: tuple[OrderStep, ...] = ()
    """Oldest first."""
    returns: tuple[OrderReturn, ...] = ()
    """Oldest first."""
    external: External | None = None
    actor_id: str = ""
    """The member of staff who placed it."""
    revision: int = 1
    of_customer_id: str = ""
    """Whose it is by itself, where that one was merged into its owner: an undoing gives it back. Empty otherwise."""


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order without its lines."""

    order_id: OrderId
    cart_id: CartId
    total: Money
    line_count: int
    store_id: str
    channel: Channel
    place_time: datetime
    session_id: str = ""
    state: OrderState = OrderState.PLACED
    payment_state: PaymentState = PaymentState.PENDING
