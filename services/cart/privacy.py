"""Says what cart holds about a person, and what stays of it when they are forgotten: orders, as the law wants them."""

from datetime import datetime

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.erase import Eraser
from libs.mongo.holdings import Holdings, Kept
from libs.mongo.record import Records
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from services.cart.articles.catalogue import DESCRIBED_ARTICLES
from services.cart.articles.operations import UNSOLD_ARTICLES
from services.cart.events import CartErased, Event
from services.cart.handover.tries import HANDOVER_TRIES
from services.cart.line_values import CartId
from services.cart.offers.fields import OFFER_VERSIONS, OFFERS
from services.cart.orders.fields import ORDERS
from services.cart.redemption.code_batches import OFFER_CODE_BATCHES
from services.cart.redemption.codes import OFFER_CODES, code_without_person
from services.cart.redemption.counters import OFFER_COUNTERS
from services.cart.values import Cart

LINE_FIELDS = (
    "line_id",
    "sku",
    "name",
    "unit_price",
    "quantity",
    "channel",
    "add_time",
    "update_time",
    "categories",
    "tax",
)
ORDER_FIELDS = ("cart_id", "total", "store_id", "channel", "state", "payment_state", "external")
"""`external` is the number of the receipt."""
RETURN_FIELDS = ("external", "lines", "occur_time", "channel")
STEP_FIELDS = ("state", "occur_time", "channel")
PRICE_FIELDS = (
    "channel",
    "time",
    "currency_code",
    "line_ids",
    "full",
    "left",
    "tax",
    "gifts",
    "subtotal",
    "discount_total",
    "delivery_fee",
    "delivery_discount",
    "tax_total",
    "total",
    "facts_version",
    "offers_edition",
)
OFFER_FIELDS = ("offer_id", "version", "name", "amount", "off_lines", "off")


def order_without_person(order: Document) -> Document:
    """Give what an order says of the trade: what was sold and came back, when, where and for how much.

    Not how it was paid, by whose hand or with which code, and nothing that somebody wrote or linked to: attributes may
    hold an engraving.
    """
    without = {"attributes": [], "image_uri": "", "link_uri": ""}
    return {
        **_only(order, ORDER_FIELDS),
        "lines": [{**_only(line, LINE_FIELDS), **without} for line in order["lines"]],
        "price": _without_codes(order["price"]) if order.get("price") else None,
        "steps": [{**_only(step, STEP_FIELDS), "actor_id": ""} for step in order.get("steps", ())],
        "returns": [_only(back, RETURN_FIELDS) for back in order.get("returns", ())],
        "payment_reference": "",
    }


def _only(document: Document, names: tuple[str, ...]) -> Document:
    return {name: document[name] for name in names if name in document}


def _without_codes(price: Document) -> Document:
    applied = [{**_only(offer, OFFER_FIELDS), "offer_code": ""} for offer in price["applied"]]
    return {**_only(price, PRICE_FIELDS), "applied": applied}


HOLDINGS = Holdings(
    area="cart",
    event_type=CartEvent,
    kept=(
        Kept(
            ORDERS,
            "orders are kept for the tax law: what was sold, when, where and for how much, without who bought it",
            order_without_person,
        ),
        Kept(
            OFFER_CODES,
            "that a code was used is kept, so that nobody uses it again, without for which order",
            code_without_person,
        ),
    ),
    of_nobody=frozenset(
        {
            HANDOVER_TRIES,
            OFFERS,
            OFFER_VERSIONS,
            OFFER_COUNTERS,
            OFFER_CODE_BATCHES,
            UNSOLD_ARTICLES,
            DESCRIBED_ARTICLES,
        }
    ),
)


def eraser_over(records: Records[Cart, Event], database: Database, clock: Clock) -> Eraser[Cart, Event]:
    """Give who forgets customers here."""

    def event(erasure_id: str, now: datetime) -> Event:
        return CartErased(CartId(""), now, erasure_id)

    return Eraser(records=records, database=database, holdings=HOLDINGS, event=event, clock=clock)
