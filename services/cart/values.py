"""What a cart is made of: frozen values that know their own sums."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from libs.channel import Channel
from libs.origin import Origin
from services.cart.money import Money

CartId = NewType("CartId", str)
LineId = NewType("LineId", str)
OrderId = NewType("OrderId", str)


@dataclass(frozen=True, slots=True)
class Article:
    """One thing that can be bought, as the channel described it when it was added."""

    sku: str
    name: str
    unit_price: Money
    image_uri: str = ""
    link_uri: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    """Key and value, sorted by key."""

    def is_same_as(self, other: "Article") -> bool:
        """Whether the two share one line; name, picture and page may have changed since."""
        return (self.sku, self.attributes, self.unit_price) == (other.sku, other.attributes, other.unit_price)


@dataclass(frozen=True, slots=True)
class Line:
    """Some pieces of one article."""

    line_id: LineId
    article: Article
    quantity: int
    channel: Channel
    """Where the line was first added."""
    add_time: datetime
    update_time: datetime
    session_id: str = ""
    """The visit in which it was added; empty where the caller named none."""
    changed_session_id: str = ""
    """The visit in which the number of its pieces was last changed."""

    @property
    def total(self) -> Money:
        """The price of all pieces."""
        return self.article.unit_price.times(self.quantity)


@dataclass(frozen=True, slots=True)
class Order:
    """A cart that was checked out; it does not change with the catalogue."""

    order_id: OrderId
    cart_id: CartId
    lines: tuple[Line, ...]
    total: Money
    store_id: str
    """Where it is picked up; empty for a delivery."""
    payment_reference: str
    channel: Channel
    place_time: datetime
    session_id: str = ""
    """The visit in which it was placed; empty where the caller named none."""


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


@dataclass(frozen=True, slots=True)
class Cart:
    """What a customer is buying, and their newest orders: the state in the customer's record."""

    cart_id: CartId = CartId("")
    """Empty while the customer never put anything in; a new one after each checkout."""
    lines: tuple[Line, ...] = ()
    set_aside_lines: tuple[Line, ...] = ()
    """What merges brought and the cart could not take (`merging.py`)."""
    recent_orders: tuple[OrderSummary, ...] = ()
    """Newest first."""
    create_time: datetime | None = None
    """When the cart got its first line; None in an empty cart."""
    update_time: datetime | None = None
    idle_due_time: datetime | None = None
    """When it is to be announced as abandoned; None in an empty cart and after the announcement."""
    last_origin: Origin | None = None
    """Where the last change came from: what an announcement of the idle cart refers to."""

    @property
    def currency_code(self) -> str:
        """The currency, fixed by the first line; empty in an empty cart."""
        return self.lines[0].article.unit_price.currency_code if self.lines else ""

    @property
    def subtotal(self) -> Money | None:
        """The sum of the lines; None in an empty cart."""
        return sum_of(self.lines) if self.lines else None


def sum_of(lines: Iterable[Line]) -> Money:
    """Add up lines of one currency, at least one."""
    totals = [line.total for line in lines]
    return Money(sum(total.minor for total in totals), totals[0].currency_code)
