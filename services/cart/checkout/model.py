"""Decides how a cart becomes an order at the price that the payer saw: pure and synchronous."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from libs.errors import etag_mismatch
from libs.ids import derived_id
from libs.mongo.values import Decision
from libs.origin import Stamp
from services.cart import errors
from services.cart.checkout import errors as checkout_errors
from services.cart.checkout.seen_lines import Parting, SeenLine, difference_of, part
from services.cart.events import CartCheckedOut
from services.cart.line_values import CartId, Line, OrderId
from services.cart.model import Act, Change, become_order
from services.cart.money import Money
from services.cart.orders.values import Order, OrderState, OrderStep, PaymentState
from services.cart.pricing.values import Price
from services.cart.values import Cart, Redemption

MAX_REDEMPTIONS = 500
"""Offers whose redemptions a record counts; beyond, those are forgotten that are no longer active."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How the customer takes and pays a cart, and what they saw of it."""

    store_id: str = ""
    """Where it is picked up; empty for a delivery."""
    delivery_fee: Money | None = None
    payment_reference: str = ""
    payment_state: PaymentState = PaymentState.PENDING
    seen: tuple[SeenLine, ...] = ()
    """Empty where the payer does not say what they saw."""
    keep_added: bool = False
    """Whether what nobody saw stays in the next cart."""
    expected_total: Money | None = None
    etag: str = ""
    """Empty for any; counts only where `seen` is empty."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a price and its reservations depend on, of a customer's record."""

    ordered: tuple[Line, ...]
    offer_codes: tuple[str, ...]
    redemptions: tuple[Redemption, ...]
    order_count: int


class Moved(Exception):
    """The cart is no longer as it was when it was priced. No caller sees this: it is priced anew."""


def order_id_of(cart: Cart, asked_customer_id: str, stamp: Stamp) -> OrderId:
    """Give the id of the order that a request places: for every try of it the same, until that is barred."""
    seed = (asked_customer_id, stamp.request_id, stamp.body_hash.hex())
    attempts = range(len(cart.barred_order_ids) + 1)
    ids = (OrderId(derived_id("ord", *seed, str(attempt))) for attempt in attempts)
    return next(order_id for order_id in ids if order_id not in cart.barred_order_ids)


def parted(cart: Cart, wish: Wish, order_id: OrderId, *, etag: str) -> Parting:
    """Say which pieces are ordered of a cart that has this etag. Raises CART_EMPTY, CART_CHANGED, ETAG_MISMATCH."""
    lines = cart.lines
    if not lines:
        raise errors.cart_empty()
    if not wish.seen:
        if wish.etag and wish.etag != etag:
            raise etag_mismatch()
        return Parting(ordered=lines)
    difference = difference_of(lines, wish.seen)
    if difference.removed or (difference.added and not wish.keep_added):
        raise checkout_errors.cart_changed(difference, etag)
    return part(lines, wish.seen, order_id)


def basis_of(cart: Cart, parting: Parting) -> Basis:
    """Say what the price of the ordered lines depends on."""
    return Basis(parting.ordered, cart.offer_codes, cart.redemptions, cart.order_count)


def check_expected(wish: Wish, price: Price) -> None:
    """Refuse another price than the payer expects (PRICE_CHANGED)."""
    if wish.expected_total is not None and wish.expected_total != price.total:
        applied = [offer.offer_id for offer in price.applied]
        raise checkout_errors.price_changed(wish.expected_total, price.total, applied)


def place(
    cart: Cart,
    parting: Parting,
    wish: Wish,
    price: Price,
    *,
    act: Act,
    order_id: OrderId,
    new_cart_id: CartId,
    limited: AbstractSet[str] = frozenset(),
    active: AbstractSet[str] = frozenset(),
) -> Change:
    """Make an order (the fact `order_id`) of the ordered pieces at their price; the others begin the next cart.

    `limited` are the offers that one customer may redeem only so often, `active` all that count now. A code that did
    not count stays for pieces that stay.
    """
    order = Order(
        order_id=order_id,
        cart_id=cart.cart_id,
        lines=parting.ordered,
        total=price.total,
        store_id=wish.store_id,
        payment_reference=wish.payment_reference,
        channel=act.channel,
        place_time=act.time,
        session_id=act.origin.session_id,
        payment_state=wish.payment_state,
        price=replace(price, unapplied=()),
        steps=(OrderStep(OrderState.PLACED, act.time, act.channel, act.origin.actor_id),),
        actor_id=act.origin.actor_id,
    )
    after, freed = become_order(cart, order, kept=parting.kept, act=act, new_cart_id=new_cart_id)
    counted = {offer.offer_code for offer in price.applied}
    redeemed = [offer.offer_id for offer in price.applied if offer.offer_id in limited]
    after = replace(
        after,
        offer_codes=tuple(code for code in cart.offer_codes if code not in counted) if parting.kept else (),
        redemptions=with_redemptions(cart.redemptions, redeemed, active=active),
    )
    event = CartCheckedOut(cart.cart_id, act.occur_time, order, kept_line_count=len(parting.kept))
    return Decision(after, (event, *freed), facts={"order_id": order_id})


def with_redemptions(
    redemptions: Iterable[Redemption], redeemed: Iterable[str], *, active: AbstractSet[str]
) -> tuple[Redemption, ...]:
    """Count each of these offers once more, by offer id. Beyond 500, only active offers are remembered."""
    counts = {one.offer_id: one.count for one in redemptions}
    for offer_id in redeemed:
        counts[offer_id] = counts.get(offer_id, 0) + 1
    if len(counts) > MAX_REDEMPTIONS:
        counts = {offer_id: count for offer_id, count in counts.items() if offer_id in active}
    return tuple(Redemption(offer_id, counts[offer_id]) for offer_id in sorted(counts))
