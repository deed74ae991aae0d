"""Coordinates a checkout: price, reserve, place, confirm.

Whatever ends it in between, nothing is lost, and nothing counts twice.
The order's id follows from the request, so that a retry after a crash goes on where the first try ended.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import structlog

from libs.channel import Channel
from libs.errors import CONFLICT, OmnithreadError, Status, conflict
from libs.mongo.values import Outcome, Saved
from libs.origin import Stamp
from services.cart.checkout import errors
from services.cart.checkout.model import Moved, Wish, basis_of, check_expected, order_id_of, parted, place
from services.cart.checkout.seen_lines import Parting
from services.cart.commands import Commands
from services.cart.desk.locking import check_unlocked
from services.cart.errors import cart_empty
from services.cart.line_values import CartId, OrderId
from services.cart.model import Act, Change
from services.cart.offers.book import OfferBook
from services.cart.offers.values import ActiveOffers
from services.cart.operations import Carts
from services.cart.orders.values import Order
from services.cart.pricing.operations import Pricing
from services.cart.pricing.values import Price
from services.cart.redemption.codes import CodeState
from services.cart.redemption.operations import Redemptions, is_reserved
from services.cart.redemption.settling import Settling
from services.cart.values import Cart

MAX_TRIES = 12
"""How often a cart is priced anew that changes while it is checked out."""
UNKNOWN = frozenset({Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED})
"""After these the order may have been placed, or MongoDB is away: the sweep finds out."""

log = structlog.get_logger(__name__)


class _Placed(Exception):
    """Another try of the same request has placed the order. No caller sees this."""

    def __init__(self, outcome: Outcome[Cart]) -> None:
        super().__init__()
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Payer:
    """Whose checkout it is, and where it is made."""

    customer_id: str
    """As the caller asked for them."""
    brand: str
    stamp: Stamp
    reserved_for: set[OrderId] = field(default_factory=set)
    """The orders for which something may have been reserved so far."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A cart, what of it is ordered, and at what price."""

    saved: Saved[Cart]
    order_id: OrderId
    parting: Parting
    price: Price
    offers: ActiveOffers


@dataclass(frozen=True, slots=True)
class Checkouts:
    """Turns carts into orders."""

    carts: Carts
    pricing: Pricing
    offers: OfferBook
    settling: Settling

    @property
    def commands(self) -> Commands:
        """The one way of changes."""
        return self.carts.commands

    @property
    def redemptions(self) -> Redemptions:
        """What is reserved and redeemed."""
        return self.settling.redemptions

    async def check_out(self, customer_id: str, wish: Wish, *, brand: str, stamp: Stamp) -> tuple[Outcome[Cart], Order]:
        """Turn the cart, or what the payer saw of it, into an order, and give that too; a retry gives the same one.

        Three reads and one conditional write; an update before and after that for each code and each limited offer.
        Raises CART_EMPTY, CART_CHANGED, PRICE_CHANGED, OFFER_CODE_USED, OFFER_USED_UP, CART_LOCKED, ETAG_MISMATCH, and
        CONFLICT where the cart does not come to rest; nothing is ordered then.
        """
        payer = Payer(customer_id, brand, stamp)
        try:
            outcome = await self._placed(payer, wish)
        except OmnithreadError as error:
            if error.status not in UNKNOWN:
                await self._settle(payer, payer.reserved_for)
            if error.reason == CONFLICT:
                saved = await self.carts.get(customer_id)
                await self.commands.rejections.note_beside(customer_id, saved, stamp, error)
            raise
        order = await self.carts.order(outcome.saved, outcome.facts["order_id"])
        await self._settle(payer, payer.reserved_for, placed=order)
        return outcome, order

    async def _placed(self, payer: Payer, wish: Wish) -> Outcome[Cart]:
        for _ in range(MAX_TRIES):
            known = await self._known(payer)
            if known is not None:
                return known
            try:
                return await self._place(payer, wish, await self._priced(payer, wish))
            except _Placed as placed:
                return placed.outcome
            except Moved:
                continue
        raise conflict()

    async def _known(self, payer: Payer) -> Outcome[Cart] | None:
        return await self.commands.records.recall(payer.customer_id, payer.stamp)

    @asynccontextmanager
    async def _refused(self, payer: Payer, saved: Saved[Cart]) -> AsyncIterator[None]:
        """Note what is refused within, unless it is so because another try of the same request was faster."""
        try:
            yield
        except OmnithreadError as error:
            if error.status not in UNKNOWN and (known := await self._known(payer)) is not None:
                raise _Placed(known) from None
            await self.commands.rejections.note(payer.customer_id, saved, payer.stamp, error)
            raise

    async def _priced(self, payer: Payer, wish: Wish) -> Priced:
        """Price what is to be ordered, by the offers as they are committed now."""
        saved = await self.carts.get(payer.customer_id)
        order_id = order_id_of(saved.state, payer.customer_id, payer.stamp)
        await self._give_up(payer, order_id)
        async with self._refused(payer, saved):
            check_unlocked(saved.state, payer.stamp.origin, self.carts.clock())
            parting = parted(saved.state, wish, order_id, etag=saved.etag())
            offers = await self.offers.committed()
            price = await self.pricing.price(
                replace(saved, state=replace(saved.state, lines=parting.ordered)),
                Channel(payer.stamp.origin.channel_id, payer.stamp.origin.channel_kind),
                payer.brand,
                delivery_fee=wish.delivery_fee,
                offers=offers,
                for_order_id=order_id,
            )
            if price is None:
                raise cart_empty()
            await self._check_codes(saved, price, order_id)
            check_expected(wish, price)
        return Priced(saved, order_id, parting, price, offers)

    async def _place(self, payer: Payer, wish: Wish, priced: Priced) -> Outcome[Cart]:
        offers, order_id = priced.offers, priced.order_id
        if is_reserved(priced.price, offers):
            payer.reserved_for.add(order_id)
            async with self._refused(payer, priced.saved):
                await self.redemptions.reserve(priced.price, offers, order_id=order_id, customer_id=payer.customer_id)
        basis = basis_of(priced.saved.state, priced.parting)
        limited = {one.offer_id for one in offers.offers if one.terms.max_redemptions_per_customer}
        active = {one.offer_id for one in offers.offers}
        new_cart_id = CartId(self.carts.new_id("crt"))

        def decide(saved: Saved[Cart], act: Act) -> Change:
            parting = parted(saved.state, wish, order_id, etag=saved.etag())
            if order_id in saved.state.barred_order_ids or basis_of(saved.state, parting) != basis:
                raise Moved
            return place(
                saved.state,
                parting,
                wish,
                priced.price,
                act=act,
                order_id=order_id,
                new_cart_id=new_cart_id,
                limited=limited,
                active=active,
            )

        return await self.commands.run(payer.customer_id, decide, stamp=payer.stamp)

    async def _check_codes(self, saved: Saved[Cart], price: Price, order_id: OrderId) -> None:
        """Refuse to sell without a code that another checkout of the same customer has in its hands right now."""
        counted = {offer.offer_code for offer in price.applied}
        found = await self.redemptions.codes.find(code for code in saved.state.offer_codes if code not in counted)
        for code in found.values():
            reserved = code.state is CodeState.RESERVED and code.order_id != order_id
            if reserved and code.customer_id in saved.lineage:
                raise errors.offer_code_used()

    async def _give_up(self, payer: Payer, order_id: OrderId) -> None:
        """Settle what an earlier try reserved for an order that was barred since: this one may need it."""
        for given_up in payer.reserved_for - {order_id}:
            await self.settling.settle(given_up, payer.customer_id)
            payer.reserved_for.remove(given_up)

    async def _settle(self, payer: Payer, order_ids: Iterable[OrderId], *, placed: Order | None = None) -> None:
        """Confirm what the order counted, and settle the rest; where that fails, the sweep does it."""
        for order_id in order_ids:
            try:
                if placed is not None and placed.order_id == order_id:
                    await self.redemptions.confirm(order_id, placed.price)
                else:
                    await self.settling.settle(order_id, payer.customer_id)
            except OmnithreadError as error:
                log.warning("reservation_not_settled", order_id=order_id, reason=error.reason)
