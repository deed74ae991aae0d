"""What a text may tell of a price that fell."""

from google.type.money_pb2 import Money

from omnithread.context.v1.context_events_pb2 import PriceFell
from services.messaging.texts.addresses import web_address

VARIABLE_NAMES = ("sku", "name", "old_price", "new_price", "link")
"""What the template may declare and tell; `link` is empty where the catalogue gave none."""
NANOS_DIGITS = 9


def variables_of(fell: PriceFell) -> tuple[tuple[str, str], ...]:
    """Give what the text may tell, sorted by name."""
    return tuple(
        sorted(
            {
                "sku": fell.sku,
                "name": fell.name,
                "old_price": exact_amount(fell.old_price),
                "new_price": exact_amount(fell.new_price),
                "link": web_address(fell.link_uri) or "",
            }.items()
        )
    )


def exact_amount(money: Money) -> str:
    """Write an amount the same way in every language: `59.90 CHF`, `500 JPY`."""
    digits = f"{money.nanos:0{NANOS_DIGITS}}".rstrip("0")
    cents = f".{digits.ljust(2, '0')}" if digits else ""
    return f"{money.units}{cents} {money.currency_code}"
