"""What a text may tell of a customer: names and amounts, written in the customer's language.

The names are the same for every template; `NAMES` is what PutTemplate checks against, `invented` what it rehearses
with. A value that the customer does not have is nil, so that a text can ask for it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency
from google.type.money_pb2 import Money

from libs.timestamps import from_timestamp
from omnithread.cart.v1 import cart_pb2, order_pb2
from omnithread.profile.v1 import profile_pb2
from services.messaging.texts.addresses import web_address
from services.messaging.texts.languages import one_line
from services.messaging.texts.liquid_texts import Names
from services.messaging.texts.voice import BRAND_NAMES

NANO = Decimal(1_000_000_000)
MAX_NAME_CHARACTERS = 100
ADDRESS_LIKE = re.compile(r"://|www\.", re.IGNORECASE)
EXACT_AMOUNT = re.compile(r"\d{1,18}(\.\d{1,9})? [A-Z]{3}")

Data = dict[str, object]
"""What Liquid reads: texts, numbers, None, and lists and mappings of them."""

LINE: Names = dict.fromkeys(("name", "quantity", "unit_price", "line_total", "image_uri", "link_uri"))
LIST: Names = {"first": LINE, "last": LINE, "size": None}
OFFER: Names = dict.fromkeys(("name", "description", "amount"))
OFFERS: Names = {"first": OFFER, "last": OFFER, "size": None}
ARTICLE: Names = dict.fromkeys(("sku", "name", "price", "old_price", "offer", "image_uri", "link_uri"))
ARTICLES: Names = {"first": ARTICLE, "last": ARTICLE, "size": None}


class AnyName(Mapping[str, "Names | None"]):
    """Takes every name: which snippets there are is checked when a template is put, and not when it is sent."""

    def __getitem__(self, name: str) -> None:
        return None

    def __contains__(self, name: object) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


ANY_NAME = AnyName()
NAMES: dict[str, Names | None] = {
    "customer": {"given_name": None, "family_name": None},
    "brand": BRAND_NAMES,
    "voice": ANY_NAME,
    "cart": {
        "lines": LIST,
        "line_count": None,
        "subtotal": None,
        "total": None,
        "discount": None,
        "offers": OFFERS,
    },
    "offers": OFFERS,
    "viewed": ARTICLES,
    "article": ARTICLE,
    "order": {
        "order_id": None,
        "lines": LIST,
        "line_count": None,
        "total": None,
        "store_id": None,
        "place_date": None,
    },
    "resume_link": None,
    "unsubscribe_link": None,
    "preferences_link": None,
}
RESUME_LINK = "resume_link"
"""An address that goes on with the cart on any device; nil in the inbox, where the customer is already there."""
UNSUBSCRIBE_LINK, PREFERENCES_LINK = "unsubscribe_link", "preferences_link"
"""Addresses of the public door: nil where there is none, and in messages that need no consent."""
SKU_VARIABLE = "sku"
"""A template that declares this variable has it told of as `article`, where the message itself is about none."""
INVENTED_VALUES = {"link": "https://example.com/thing", "old_price": "59.90 EUR", "new_price": "49.90 EUR"}
"""Of variables that are no mere words."""
AMOUNT_VARIABLES = frozenset({"old_price", "new_price"})
"""Variables that are given as `59.90 EUR`, and told in the customer's language."""
ORDER_VARIABLE = "order_id"
"""A template that declares this variable tells of the order that it names; others of the newest."""


def names_with(variable_names: Iterable[str], snippet_names: Iterable[str] | None = None) -> Names:
    """Give all that a template with these variables may name; None for any snippet.

    A variable of an earlier day that is called as something of the suite's own is the variable.
    """
    voice = ANY_NAME if snippet_names is None else dict.fromkeys(snippet_names)
    return {**NAMES, "voice": voice, **dict.fromkeys(variable_names)}


def customer_data(profile: profile_pb2.Profile) -> Data:
    """Give what a text may tell of the person; nobody is called like an address, whoever entered it."""
    return {"given_name": _name(profile.given_name), "family_name": _name(profile.family_name)}


def cart_data(cart: cart_pb2.Cart, locale: Locale) -> Data:
    """Give what a text may tell of the cart."""
    return {
        "lines": _lines(cart.lines, locale),
        "line_count": len(cart.lines),
        "subtotal": amount(cart.subtotal, locale) if cart.HasField("subtotal") else None,
        "total": amount(cart.subtotal, locale) if cart.HasField("subtotal") else None,
        "discount": None,
        "offers": [],
    }


def order_data(order: order_pb2.Order, locale: Locale) -> Data:
    """Give what a text may tell of an order."""
    return {
        "order_id": order.order_id,
        "lines": _lines(order.lines, locale),
        "line_count": len(order.lines),
        "total": amount(order.total, locale),
        "store_id": order.pickup.store_id or None,
        "place_date": format_date(from_timestamp(order.place_time), format="long", locale=locale),
    }


def told_amount(text: str, locale: Locale) -> str:
    """Write an amount that is kept as `59.90 EUR` in the customer's language; anything else stays as it is."""
    number, _, currency_code = text.partition(" ")
    if not EXACT_AMOUNT.fullmatch(text):
        return text
    return format_currency(Decimal(number), currency_code, locale=locale)


def amount(money: Money, locale: Locale) -> str:
    """Write an amount of money."""
    return format_currency(money.units + money.nanos / NANO, money.currency_code, locale=locale)


def invented(variable_names: Iterable[str], snippet_names: Iterable[str] = ()) -> Data:
    """Give data of nobody, with every name that a text may use."""
    article: Data = {
        "sku": "thing-1",
        "name": "A thing",
        "price": "0.80",
        "old_price": "1.00",
        "offer": "An offer",
        "image_uri": "https://example.com/image",
        "link_uri": "https://example.com/thing",
    }
    offer: Data = {"name": "An offer", "description": "For everybody", "amount": "0.20"}
    line: Data = {
        "name": "A thing",
        "quantity": 2,
        "unit_price": "1.00",
        "line_total": "2.00",
        "image_uri": "https://example.com/image",
        "link_uri": "https://example.com/thing",
    }
    order: Data = {
        "order_id": "ord_1",
        "lines": [line, line],
        "line_count": 2,
        "total": "4.00",
        "store_id": "store-1",
        "place_date": "1 January 2026",
    }
    return {
        "customer": {"given_name": "Jane", "family_name": "Doe"},
        "brand": {**dict.fromkeys(BRAND_NAMES), "name": "The shop"},
        "voice": dict.fromkeys(snippet_names, "Hello"),
        "cart": {
            "lines": [line, line],
            "line_count": 2,
            "subtotal": "4.00",
            "total": "3.80",
            "discount": "0.20",
            "offers": [offer],
        },
        "offers": [offer],
        "viewed": [article, article],
        "article": article,
        "order": order,
        RESUME_LINK: "https://example.com/cart#token",
        UNSUBSCRIBE_LINK: "https://example.com/u/token",
        PREFERENCES_LINK: "https://example.com/p/token",
        **{name: INVENTED_VALUES.get(name, "1") for name in variable_names},
    }


def _lines(lines: Iterable[cart_pb2.CartLine], locale: Locale) -> list[Mapping[str, object]]:
    return [
        {
            "name": line.name,
            "quantity": line.quantity,
            "unit_price": amount(line.unit_price, locale),
            "line_total": amount(line.line_total, locale),
            "image_uri": web_address(line.image_uri),
            "link_uri": web_address(line.link_uri),
        }
        for line in lines
    ]


def _name(name: str) -> str | None:
    line = one_line(name, MAX_NAME_CHARACTERS)
    return None if ADDRESS_LIKE.search(line) else line or None
