"""Decides what becomes of what is reserved for an order that may or may not have been placed: the cart says.

Where the order is there, it has what its price counted. Where it is not, its id is barred in the customer's record, in
the same conditional write by which orders are placed: whoever is still about to place it cannot any more. Only then is
what was kept for it given back.
"""

from dataclasses import dataclass, replace

from libs.errors import CUSTOMER_ERASED, OmnithreadError, customer_erased
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.members import get_member
from libs.mongo.record import Records
from libs.mongo.values import Decision, Saved
from libs.origin import Origin, Stamp
from services.cart.events import Event
from services.cart.line_values import OrderId
from services.cart.model import Change
from services.cart.orders.fields import ORDERS, order_from_document
from services.cart.orders.values import Order
from services.cart.redemption.operations import Redemptions
from services.cart.values import MAX_BARRED_ORDERS, Cart

PART = "cart-redemptions"
_NOT_THERE = frozenset({"CUSTOMER_NOT_FOUND", CUSTOMER_ERASED})


@dataclass(frozen=True, slots=True)
class Settling:
    """Settles reservations."""

    records: Records[Cart, Event]
    database: Database
    redemptions: Redemptions

    async def settle(self, order_id: str, customer_id: str) -> bool:
        """Confirm or give back all that is reserved for an order, for ever; give whether it was placed.

        Where nothing is reserved nothing is done, and False given.

        Safe to repeat, beside itself and beside the checkout. Where the customer was forgotten nobody can say, and
        what was reserved counts as redeemed. A few reads, and where the order is not there one conditional write.
        """
        if not await self.redemptions.is_anything_reserved(order_id):
            return False
        try:
            order = await self._placed(order_id, customer_id) or await self._barred(order_id, customer_id)
        except OmnithreadError as error:
            if error.reason not in _NOT_THERE:
                raise
            await self.redemptions.keep(order_id)
            return False
        if order is None:
            await self.redemptions.release(order_id)
            return False
        await self.redemptions.confirm(order_id, order.price)
        return True

    async def _barred(self, order_id: str, customer_id: str) -> Order | None:
        """Bar an order that is not there; it is given all the same if it came before the bar."""
        stamp = Stamp.internal(f"bar:{order_id}", Origin.system(PART))

        def decide(saved: Saved[Cart]) -> Change:
            return Decision(bar(saved.state, OrderId(order_id)))

        await self.records.run(customer_id, stamp, decide)
        return await self._placed(order_id, customer_id)

    async def _placed(self, order_id: str, customer_id: str) -> Order | None:
        """Give the order where it is there, whoever has it by now: it may have gone to another one with an undoing."""
        saved = await self.records.get(customer_id)
        document = await get_member(self.database, ORDERS, saved, order_id)
        if document is None:
            with reading():
                document = await self.database[ORDERS].find_one({"_id": order_id})
        if document is not None and "erased" in document:
            raise customer_erased(customer_id)
        return order_from_document(document) if document else None


def bar(cart: Cart, order_id: OrderId) -> Cart:
    """Let an order never be placed, where it was not."""
    placed = any(order.order_id == order_id for order in cart.recent_orders)
    if placed or order_id in cart.barred_order_ids:
        return cart
    return replace(cart, barred_order_ids=(order_id, *cart.barred_order_ids)[:MAX_BARRED_ORDERS])
