"""What a text may tell of a price that fell."""

from google.type.money_pb2 import Money

from omnithread.context.v1.context_events_pb2 import PriceFell
from services.messaging.texts.addresses import web_address

VARIABLE_NAMES = ("sku", "name", "old_price", "new_price", "link")
"""What the template may declare and tell; `link` is empty where the catalogue gave none."""
NANOS_DIGITS = 9
MAX_NAME = 200
MAX_LINK = 1000
"""A longer one is left out: it waits in the customer's record."""


def variables_of(fell: PriceFell) -> tuple[tuple[str, str], ...]:
    """Give what the text may tell, sorted by name."""
    return tuple(
        sorted(
            {
                "sku": fell.sku,
                "name": fell.name[:MAX_NAME],
                "old_price": exact_amount(fell.old_price),
                "new_price": exact_amount(fell.new_price),
                "link": web_address(fell.link_uri) or "" if len(fell.link_uri) <= MAX_LINK else "",
            }.items()
        )
    )


def exact_amount(money: Money) -> str:
    """Write an amount the same way in every language: `59.90 CHF`, `500 JPY`."""
    digits = f"{money.nanos:0{NANOS_DIGITS}}".rstrip("0")
    cents = f".{digits.ljust(2, '0')}" if digits else ""
    return f"{money.units}{cents} {money.currency_code}"
