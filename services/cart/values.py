"""What a customer's record holds: the cart, what belongs to it, and what became of the carts before."""

import enum
from dataclasses import dataclass, field
from datetime import datetime

from libs.channel import Channel
from libs.origin import Origin
from services.cart.line_values import NO_CART, NO_ORDER, CartId, Line, OrderId, sum_of
from services.cart.money import Money
from services.cart.orders.values import OrderSummary

MAX_CODES = 10
"""Offer codes that are entered at once."""
MAX_BARRED_ORDERS = 64
"""Only the newest matter: who is about to place an order gives up after seconds."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Who is working on the cart, so that nobody else changes it."""

    channel: Channel
    actor_id: str
    reason: str
    lock_time: datetime
    until_time: datetime


@dataclass(frozen=True, slots=True)
class Note:
    """Something for whoever serves the customer next."""

    note_id: str
    text: str = field(repr=False)
    channel: Channel
    actor_id: str
    """Empty for the customer."""
    add_time: datetime


class PastState(enum.StrEnum):
    """What became of a cart."""

    MERGED = "merged"
    ORDERED = "ordered"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Tally:
    """What a cart accounts for over its life: changes, and pieces of articles."""

    applied: int = 0
    """Changes that were applied."""
    carried: int = 0
    """Pieces that were there when it began."""
    added: int = 0
    merged: int = 0
    """Pieces that came with merges, less those that went when one was undone."""
    removed: int = 0
    ordered: int = 0
    bought_elsewhere: int = 0


@dataclass(frozen=True, slots=True)
class PastCart:
    """A cart that the customer had."""

    cart_id: CartId
    state: PastState
    end_time: datetime
    order_id: OrderId = NO_ORDER
    tally: Tally = Tally()
    left: int = 0
    """Pieces that it had at its end: those that the next cart began with, or that a merge took over."""


@dataclass(frozen=True, slots=True)
class Redemption:
    """How often the customer redeemed one offer."""

    offer_id: str
    count: int


@dataclass(frozen=True, slots=True)
class Cart:
    """What a customer is buying, and their newest orders: the state in the customer's record."""

    cart_id: CartId = NO_CART
    """Empty while the customer never put anything in; a new one after each checkout."""
    lines: tuple[Line, ...] = ()
    set_aside_lines: tuple[Line, ...] = ()
    """What merges brought and the cart could not take (`merging/taking_over.py`)."""
    recent_orders: tuple[OrderSummary, ...] = ()
    """Newest first."""
    create_time: datetime | None = None
    """When the cart got its first line; None in an empty cart."""
    update_time: datetime | None = None
    idle_due_time: datetime | None = None
    """When it is to be announced as abandoned; None in an empty cart and after the announcement."""
    last_origin: Origin | None = None
    """Where the last change came from: what an announcement of the idle cart refers to."""
    saved_lines: tuple[Line, ...] = ()
    """What the customer saved for later."""
    notes: tuple[Note, ...] = ()
    """Oldest first."""
    lock: Lock | None = None
    offer_codes: tuple[str, ...] = ()
    """As they were entered, in their normal form (`redemption/codes.py`)."""
    expire_due_time: datetime | None = None
    """When it expires if nobody touches it; None in an empty cart."""
    past_carts: tuple[PastCart, ...] = ()
    """Newest first."""
    tally: Tally = Tally()
    """Of the present cart."""
    order_count: int = 0
    """All orders ever placed or told of, those of merged customers too."""
    redemptions: tuple[Redemption, ...] = ()
    """By offer id; for offers with a limit per customer."""
    barred_order_ids: tuple[str, ...] = ()
    """Orders that must not be placed any more, since what was reserved for them was released; newest first."""

    @property
    def currency_code(self) -> str:
        """The currency, fixed by the first line; empty in an empty cart."""
        return self.lines[0].article.unit_price.currency_code if self.lines else ""

    @property
    def subtotal(self) -> Money | None:
        """The sum of the lines; None in an empty cart."""
        return sum_of(self.lines) if self.lines else None
