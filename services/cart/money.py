"""Money, with cart's own errors where a price is none."""

from google.type.money_pb2 import Money as MoneyProto

from libs.money import Money as Money
from libs.money import NoCurrency, NoPrice, read_price
from libs.money import money_to_proto as money_to_proto
from services.cart import errors

MOST_MINOR = 10**17
"""Beyond this many minor units is no price: whatever is summed of such ones has room in 64 bits."""


def price_from_proto(money: MoneyProto, field: str = "unit_price") -> Money:
    """Read a price; `field` is its path in the request. Raises CURRENCY_UNKNOWN, PRICE_INVALID."""
    try:
        price = read_price(money)
    except NoCurrency:
        raise errors.currency_unknown(money.currency_code, field) from None
    except NoPrice:
        raise errors.price_invalid(field) from None
    if price.minor > MOST_MINOR:
        raise errors.price_invalid(field)
    return price
