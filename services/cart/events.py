"""What has happened to a cart, in the model's own words; `convert.py` has the words that the others hear."""

from dataclasses import dataclass
from datetime import datetime

from services.cart.money import Money
from services.cart.values import CartId, LineId, Order


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """An article was added to a new line or to one that was there."""

    cart_id: CartId
    occur_time: datetime
    line_id: LineId
    sku: str
    quantity: int
    line_quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class ItemQuantitySet:
    """The quantity of a line was set."""

    cart_id: CartId
    occur_time: datetime
    line_id: LineId
    sku: str
    old_quantity: int
    quantity: int


@dataclass(frozen=True, slots=True)
class ItemRemoved:
    """A line was removed."""

    cart_id: CartId
    occur_time: datetime
    line_id: LineId
    sku: str
    old_quantity: int


@dataclass(frozen=True, slots=True)
class CartCleared:
    """All lines were removed."""

    cart_id: CartId
    occur_time: datetime
    line_count: int


@dataclass(frozen=True, slots=True)
class CartCheckedOut:
    """The cart became an order; the order travels with the event into the list of orders."""

    cart_id: CartId
    occur_time: datetime
    order: Order


@dataclass(frozen=True, slots=True)
class CartAbandoned:
    """Nobody has touched the cart for the configured time."""

    cart_id: CartId
    occur_time: datetime
    subtotal: Money
    line_count: int
    idle_since_time: datetime


@dataclass(frozen=True, slots=True)
class CartAbsorbed:
    """The cart of a merged customer was taken over."""

    cart_id: CartId
    occur_time: datetime
    merge_id: str
    source_customer_id: str
    line_count: int
    set_aside_line_count: int


@dataclass(frozen=True, slots=True)
class CartSealed:
    """The customer was merged into another one; nothing follows."""

    cart_id: CartId
    occur_time: datetime
    merge_id: str
    survivor_customer_id: str


@dataclass(frozen=True, slots=True)
class CartErased:
    """The customer was forgotten; nothing follows."""

    cart_id: CartId
    occur_time: datetime
    erasure_id: str


@dataclass(frozen=True, slots=True)
class CartParted:
    """The merge of another customer into this one was undone here."""

    cart_id: CartId
    occur_time: datetime
    merge_id: str
    source_customer_id: str


@dataclass(frozen=True, slots=True)
class CartReleased:
    """The customer had been merged into another one, and their cart is there again."""

    cart_id: CartId
    occur_time: datetime
    merge_id: str
    survivor_customer_id: str


Event = (
    ItemAdded
    | ItemQuantitySet
    | ItemRemoved
    | CartCleared
    | CartCheckedOut
    | CartAbandoned
    | CartAbsorbed
    | CartSealed
    | CartErased
    | CartParted
    | CartReleased
)
