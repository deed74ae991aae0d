"""The simple model of carts and prices: a page of arithmetic that knows no concurrency, and the commands it is told of.

Two for one on the web, a fifth off in the store, and five francs by a code.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hypothesis import strategies as st

from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.cart.v1.cart_pb2 import CartLine
from omnithread.cart.v1.order_pb2 import Order
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB

PRICES = {"model-a": 1999, "model-b": 5, "model-c": 12345}
"""Minor units of Swiss francs; each article has one price, so it is one line."""
CODE = "MODEL5"
OFF_MINOR, FROM_MINOR = 500, 10000


@dataclass(frozen=True, slots=True)
class Add:
    """Put some pieces in."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Set:
    """Say how many there are to be."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Remove:
    """Take an article out."""

    sku: str


@dataclass(frozen=True, slots=True)
class Save:
    """Save an article for later."""

    sku: str


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Take it back into the cart."""

    sku: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Take everything out."""


@dataclass(frozen=True, slots=True)
class Pay:
    """Look at the cart, then pay what was seen: what others add meanwhile stays in the next cart, or it is off."""

    keep_added: bool


@dataclass(frozen=True, slots=True)
class Enter:
    """Enter the code."""


Command = Add | Set | Remove | Save | TakeBack | Clear | Pay | Enter
skus, few = st.sampled_from(sorted(PRICES)), st.integers(1, 5)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(Add, sku=skus, quantity=few),
    st.builds(Add, sku=skus, quantity=few),
    st.builds(Add, sku=skus, quantity=few),
    st.builds(Set, sku=skus, quantity=few),
    st.builds(Remove, sku=skus),
    st.builds(Save, sku=skus),
    st.builds(TakeBack, sku=skus),
    st.builds(Clear),
    st.builds(Pay, keep_added=st.booleans()),
    st.builds(Enter),
)
channels = st.lists(st.lists(commands, min_size=1, max_size=8), min_size=3, max_size=3)


@dataclass(slots=True)
class Simple:
    """The model: how many pieces of each article are where."""

    cart: Counter[str] = field(default_factory=Counter)
    saved: Counter[str] = field(default_factory=Counter)
    ordered: Counter[str] = field(default_factory=Counter)

    def hear(self, event: CartEvent, orders: dict[str, Order]) -> None:
        match event.WhichOneof("payload"):
            case "item_added":
                self.cart[event.item_added.sku] += event.item_added.quantity
                assert self.cart[event.item_added.sku] == event.item_added.line_quantity
            case "item_quantity_set":
                assert self.cart[event.item_quantity_set.sku] == event.item_quantity_set.old_quantity
                self.cart[event.item_quantity_set.sku] = event.item_quantity_set.quantity
            case "item_removed":
                assert self.cart.pop(event.item_removed.sku) == event.item_removed.old_quantity
            case "cart_cleared":
                self.cart.clear()
            case "line_moved":
                moved = Counter({event.line_moved.sku: event.line_moved.quantity})
                here, there = (self.cart, self.saved) if event.line_moved.saved else (self.saved, self.cart)
                assert moved <= here
                here.subtract(moved)
                there.update(moved)
            case "cart_checked_out":
                bought = pieces(orders[event.cart_checked_out.order_id].lines)
                assert bought <= self.cart
                self.cart.subtract(bought)
                self.ordered.update(bought)

    def price_minor(self, *, channel_kind: int, code: bool) -> int:
        """What the cart costs: two for one on the web, a fifth off in the store, and five francs by the code."""
        left = 0
        for sku, quantity in self.cart.items():
            full = PRICES[sku] * quantity
            if channel_kind == CHANNEL_KIND_WEB and sku == "model-a":
                full = PRICES[sku] * (quantity - quantity // 2)
            if channel_kind == CHANNEL_KIND_STORE:
                full -= (full * 20 + 50) // 100
            left += full
        return left - OFF_MINOR if code and left >= FROM_MINOR else left


def pieces(lines: Iterable[CartLine]) -> Counter[str]:
    """Count the pieces of each article."""
    counted: Counter[str] = Counter()
    for line in lines:
        counted[line.sku] += line.quantity
    return counted
