"""What can be bought, and some pieces of it: frozen values that know their own sums."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from libs.channel import Channel
from services.cart.money import Money

CartId = NewType("CartId", str)
LineId = NewType("LineId", str)
OrderId = NewType("OrderId", str)
NO_CART = CartId("")
NO_ORDER = OrderId("")


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate, and whether prices have it in them already."""

    basis_points: int
    """Hundredths of a percent."""
    included: bool


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
    categories: tuple[str, ...] = ()
    """Sorted."""
    tax: TaxRate | None = None

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


def sum_of(lines: Iterable[Line]) -> Money:
    """Add up lines of one currency, at least one."""
    totals = [line.total for line in lines]
    return Money(sum(total.minor for total in totals), totals[0].currency_code)
