"""What has happened to a cart, in the model's own words; `convert.py` has the words that the others hear."""

from dataclasses import dataclass
from datetime import datetime

from libs.channel import Channel
from services.cart.line_values import CartId, LineId
from services.cart.money import Money
from services.cart.orders.values import Order, OrderState


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
    kept_line_count: int = 0
    """Lines that stay in the next cart."""


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


@dataclass(frozen=True, slots=True)
class LineMoved:
    """A line was saved for later, or taken back into the cart."""

    cart_id: CartId
    occur_time: datetime
    line_id: LineId
    sku: str
    quantity: int
    saved: bool


@dataclass(frozen=True, slots=True)
class NotesChanged:
    """A note was added or removed."""

    cart_id: CartId
    occur_time: datetime
    note_id: str
    removed: bool


@dataclass(frozen=True, slots=True)
class CartLocked:
    """A member of staff works on the cart."""

    cart_id: CartId
    occur_time: datetime
    until_time: datetime


@dataclass(frozen=True, slots=True)
class CartUnlocked:
    """Everybody can change the cart again."""

    cart_id: CartId
    occur_time: datetime
    expired: bool


@dataclass(frozen=True, slots=True)
class CartExpired:
    """Nobody touched the cart for the configured time."""

    cart_id: CartId
    occur_time: datetime
    line_count: int
    idle_since_time: datetime


@dataclass(frozen=True, slots=True)
class OfferCodesChanged:
    """An offer code was entered or taken out."""

    cart_id: CartId
    occur_time: datetime
    offer_id: str
    removed: bool


@dataclass(frozen=True, slots=True)
class OrderAdvanced:
    """An order came further; as it is now it travels with the event into the list of orders."""

    cart_id: CartId
    occur_time: datetime
    order: Order
    old_state: OrderState


@dataclass(frozen=True, slots=True)
class OrderPaymentChanged:
    """The payment of an order came further; the order travels along."""

    cart_id: CartId
    occur_time: datetime
    order: Order


@dataclass(frozen=True, slots=True)
class OrderRecorded:
    """Another system made a sale; the order travels along."""

    cart_id: CartId
    """The cart from which lines were taken out."""
    occur_time: datetime
    order: Order
    taken_quantity: int
    cart_emptied: bool


@dataclass(frozen=True, slots=True)
class OrderReturned:
    """Something that was ordered came back; the order travels along."""

    cart_id: CartId
    occur_time: datetime
    order: Order
    quantity: int


@dataclass(frozen=True, slots=True)
class CartHandedOver:
    """The customer goes on with the cart on another channel."""

    cart_id: CartId
    occur_time: datetime
    handover_id: str
    from_channel: Channel
    from_traceparent: str


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
    | LineMoved
    | NotesChanged
    | CartLocked
    | CartUnlocked
    | CartExpired
    | OfferCodesChanged
    | OrderAdvanced
    | OrderPaymentChanged
    | OrderRecorded
    | OrderReturned
    | CartHandedOver
)
