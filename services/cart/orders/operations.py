"""Coordinates what is done with orders: load, decide, save. Each operation is one story of what channels tell.

An order lives in a list of its own, and changes together with its customer's record. So the record is read, then the
order, and the decision stands only if the record is still the same when it is written; else both are read again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from libs.errors import OmnithreadError, conflict
from libs.mongo.deadline import reading
from libs.mongo.loop import MAX_TRIES
from libs.mongo.members import Position, get_member, page
from libs.mongo.requests import check_not_ahead
from libs.mongo.values import Saved
from libs.origin import Stamp
from services.cart import errors
from services.cart.line_values import OrderId
from services.cart.model import Act, Change
from services.cart.operations import Carts
from services.cart.orders.external_numbers import RETURN, SALE, Claim, ExternalNumbers, sale_order_id
from services.cart.orders.fields import ORDERS, order_from_document
from services.cart.orders.model import OrderChange, advance, pay
from services.cart.orders.parting import OrdersMoved
from services.cart.orders.returns import TakenBack, take_back
from services.cart.orders.sales import Sale, order_of, record_sale
from services.cart.orders.values import Order, OrderState, PaymentState
from services.cart.values import Cart


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What became of a command on an order: both as they are now."""

    saved: Saved[Cart]
    order: Order
    replayed: bool


@dataclass(frozen=True, slots=True)
class Orders:
    """What can be done with orders."""

    carts: Carts
    numbers: ExternalNumbers

    async def get(self, customer_id: str, order_id: str) -> tuple[str, Order]:
        """Give an order, and whose it is today. Raises ORDER_NOT_FOUND."""
        saved = await self.carts.records.get(customer_id)
        return saved.customer_id, await self._order(saved, order_id)

    async def page(
        self, customer_id: str, *, position: Position | None, limit: int
    ) -> tuple[str, list[Order], Position | None]:
        """Give one page of orders, newest first, whose they are today, and where the next page begins."""
        saved = await self.carts.get(customer_id)
        documents, following = await page(self.carts.database, ORDERS, saved, position=position, limit=limit)
        return saved.customer_id, [order_from_document(document) for document in documents], following

    async def advance(
        self, customer_id: str, order_id: str, state: OrderState, *, occur_time: datetime | None, stamp: Stamp
    ) -> OrderOutcome:
        """Say that an order has come further. Raises ORDER_NOT_FOUND, ORDER_STATE_INVALID and OCCUR_TIME_INVALID."""
        return await self._change(
            customer_id, order_id, stamp, lambda order, act: advance(order, state, occur_time=occur_time, act=act)
        )

    async def pay(
        self, customer_id: str, order_id: str, state: PaymentState, *, reference: str, stamp: Stamp
    ) -> OrderOutcome:
        """Say how far a payment has come. Raises ORDER_NOT_FOUND and PAYMENT_STATE_INVALID."""
        return await self._change(
            customer_id, order_id, stamp, lambda order, act: pay(order, state, reference=reference, act=act)
        )

    async def record(self, customer_id: str, sale: Sale, *, content_hash: bytes, stamp: Stamp) -> OrderOutcome:
        """Tell of a sale that another system made, once per number.

        Raises CUSTOMER_NOT_FOUND, EXTERNAL_NUMBER_REUSED, OCCUR_TIME_INVALID, CURRENCY_MISMATCH and AMOUNT_LIMIT.
        """
        order_id = OrderId(sale_order_id(sale.external))
        for _ in range(MAX_TRIES):
            if (known := await self._recall(customer_id, order_id, stamp)) is not None:
                return known
            saved = await self.carts.get(customer_id)
            if not saved.exists:  # a number that nobody has shall not be somebody's for ever: profile has to answer
                await self.carts.directory.admit(saved.customer_id)
            act = self._act(stamp)
            order = order_of(sale, order_id=order_id, of_customer_id=_of(customer_id, saved), act=act)
            claim = Claim(SALE, sale.external, saved.customer_id, content_hash, order_id, act.time)
            await self._claim(claim, saved, stamp)
            if (document := await get_member(self.carts.database, ORDERS, saved, order_id)) is not None:
                return OrderOutcome(saved, order_from_document(document), replayed=True)
            await self._check_not_forgotten(order_id)
            try:
                return await self._sold(saved, stamp, order, act)
            except OrdersMoved:
                continue
        raise conflict()

    async def take_back(
        self, customer_id: str, order_id: str, back: TakenBack, *, content_hash: bytes, stamp: Stamp
    ) -> OrderOutcome:
        """Tell that something came back, once per number of the return.

        Raises ORDER_NOT_FOUND, EXTERNAL_NUMBER_REUSED, and as `order_returns.take_back` does.
        """
        for _ in range(MAX_TRIES):
            if (known := await self._recall(customer_id, order_id, stamp)) is not None:
                return known
            saved = await self.carts.records.get(customer_id)
            order = await self._order(saved, order_id)
            act = self._act(stamp)
            is_told = any(one.external == back.external for one in order.returns)
            # What is refused shall not keep its number.
            change = OrderChange(order) if is_told else take_back(order, back, act=act)
            claim = Claim(RETURN, back.external, saved.customer_id, content_hash, order_id, act.time)
            await self._claim(claim, saved, stamp)
            if is_told:
                return OrderOutcome(saved, order, replayed=True)
            try:
                return await self._changed(saved, stamp, change)
            except OrdersMoved:
                continue
        raise conflict()

    async def _change(
        self, customer_id: str, order_id: str, stamp: Stamp, decide: Callable[[Order, Act], OrderChange]
    ) -> OrderOutcome:
        for _ in range(MAX_TRIES):
            if (known := await self._recall(customer_id, order_id, stamp)) is not None:
                return known
            saved = await self.carts.records.get(customer_id)
            change = decide(await self._order(saved, order_id), self._act(stamp))
            try:
                return await self._changed(saved, stamp, change)
            except OrdersMoved:
                continue
        raise conflict()

    async def _changed(self, saved: Saved[Cart], stamp: Stamp, change: OrderChange) -> OrderOutcome:
        facts = {"order_id": change.order.order_id}
        return await self._written(saved, stamp, change.order, lambda cart: change.kept_in(cart, facts=facts))

    async def _sold(self, saved: Saved[Cart], stamp: Stamp, order: Order, act: Act) -> OrderOutcome:
        return await self._written(saved, stamp, order, lambda cart: record_sale(cart, order, act=act))

    async def _written(
        self, read: Saved[Cart], stamp: Stamp, order: Order, decide: Callable[[Cart], Change]
    ) -> OrderOutcome:
        """Write what was decided on what was read. Raises OrdersMoved where that is not the record any more."""

        def decide_on(now: Saved[Cart]) -> Change:
            if (now.customer_id, now.version) != (read.customer_id, read.version):
                raise OrdersMoved
            return decide(now.state)

        outcome = await self.carts.records.run(read.customer_id, stamp, decide_on)
        if outcome.replayed or outcome.saved.customer_id != read.customer_id:
            order = await self._order(outcome.saved, order.order_id)
        return OrderOutcome(outcome.saved, order, outcome.replayed)

    async def _recall(self, customer_id: str, order_id: str, stamp: Stamp) -> OrderOutcome | None:
        known = await self.carts.records.recall(customer_id, stamp)
        if known is None:
            return None
        return OrderOutcome(known.saved, await self._order(known.saved, order_id), replayed=True)

    async def _claim(self, claim: Claim, saved: Saved[Cart], stamp: Stamp) -> None:
        """Claim a number. Raises EXTERNAL_NUMBER_REUSED where it stands for something else, or is somebody else's."""
        check_not_ahead(stamp, self.carts.clock())
        standing = await self.numbers.claim(claim)
        if standing is claim:
            return
        if (standing.content_hash, standing.order_id) != (claim.content_hash, claim.order_id):
            raise errors.external_number_reused()
        if await self._owner(standing) != saved.customer_id:
            raise errors.external_number_reused()

    async def _check_not_forgotten(self, order_id: str) -> None:
        """Refuse a sale of which an order is kept whose customer was forgotten, and the claim with them."""
        with reading():
            kept = await self.carts.database[ORDERS].find_one(
                {"_id": order_id, "erased": {"$exists": True}}, {"_id": 1}
            )
        if kept is not None:
            raise errors.external_number_reused()

    async def _owner(self, claim: Claim) -> str:
        """Give whose it is today: the order's customer, or where it was not written yet the one it was told of."""
        with reading():
            order = await self.carts.database[ORDERS].find_one({"_id": claim.order_id}, {"customer_id": 1})
        try:
            return (await self.carts.get(order["customer_id"] if order else claim.customer_id)).customer_id
        except OmnithreadError as error:
            if error.reason != "CUSTOMER_NOT_FOUND":
                raise
            return ""  # forgotten since

    async def _order(self, saved: Saved[Cart], order_id: str) -> Order:
        document = await get_member(self.carts.database, ORDERS, saved, order_id)
        if document is None:
            raise errors.order_not_found()
        order = order_from_document(document)
        owner = document["customer_id"]
        if owner != saved.customer_id:
            return replace(order, of_customer_id=owner)
        return order if order.of_customer_id in saved.lineage else replace(order, of_customer_id="")

    def _act(self, stamp: Stamp) -> Act:
        return self.carts.act(stamp.origin, stamp.issue_time)


def _of(customer_id: str, saved: Saved[Cart]) -> str:
    """Give who was told of, where that one was merged away: an undoing gives the sale back to them."""
    return customer_id if customer_id != saved.customer_id and customer_id in saved.lineage else ""
