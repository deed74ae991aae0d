"""Carts, articles and acts to tell stories with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from libs.origin import Origin
from omnithread.common.v1 import channel_pb2
from services.cart.audience.facts import NO_FACTS
from services.cart.checkout.model import Wish, parted, place
from services.cart.line_values import Article, CartId, LineId, OrderId
from services.cart.model import Act, Change, add_item
from services.cart.money import Money
from services.cart.offers.values import NO_OFFERS
from services.cart.pricing.circumstances import Circumstances
from services.cart.pricing.evaluation import evaluate
from services.cart.values import Cart

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
IDLE_AFTER = timedelta(hours=1)
EXPIRE_AFTER = timedelta(days=90)
NOTHING_SPECIAL = Wish()
WEB = Origin(channel_id="web-shop", channel_kind=channel_pb2.CHANNEL_KIND_WEB)
STORE = Origin(channel_id="store-042", channel_kind=channel_pb2.CHANNEL_KIND_STORE, actor_id="anna")


def act(minutes: float = 0, origin: Origin = WEB) -> Act:
    """Something a customer does some minutes after noon."""
    time = NOON + timedelta(minutes=minutes)
    return Act(
        origin=origin,
        time=time,
        occur_time=time,
        idle_due_time=time + IDLE_AFTER,
        expire_due_time=time + EXPIRE_AFTER,
    )


def article(sku: str = "shoe", minor: int = 8990, currency_code: str = "CHF", **attributes: str) -> Article:
    """An article of the shop."""
    return Article(
        sku=sku,
        name=f"The {sku}",
        unit_price=Money(minor, currency_code),
        attributes=tuple(sorted(attributes.items())),
    )


def cart_of(*items: tuple[Article, int], prefix: str = "lin", cart_id: str = "crt_1") -> Cart:
    """A cart into which these were put, one a minute."""
    cart = Cart()
    for number, (what, quantity) in enumerate(items):
        change = add_item(
            cart,
            what,
            quantity,
            act=act(number),
            new_cart_id=CartId(cart_id),
            new_line_id=LineId(f"{prefix}_{number}"),
        )
        cart = change.state
    return cart


def check_out(
    cart: Cart, wish: Wish = NOTHING_SPECIAL, *, act: Act, order_id: str = "ord_1", new_cart_id: str = "crt_2"
) -> Change:
    """A checkout in a shop without offers."""
    parting = parted(cart, wish, OrderId(order_id), etag="")
    circumstances = Circumstances(
        channel=act.channel, brand="main", now=act.time, facts=NO_FACTS, codes={}, used_codes={}, used_up=frozenset()
    )
    price = evaluate(replace(cart, lines=parting.ordered), NO_OFFERS, circumstances)
    return place(cart, parting, wish, price, act=act, order_id=OrderId(order_id), new_cart_id=CartId(new_cart_id))
