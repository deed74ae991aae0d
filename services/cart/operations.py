"""Coordinates: load, decide, save. Each operation is one story of what the service is asked to do."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from libs.clock import Clock
from libs.errors import conflict
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.loop import MAX_TRIES
from libs.mongo.members import get_member
from libs.mongo.record import Records
from libs.mongo.release import DecideParting, Joined, Released, Shares
from libs.mongo.values import Outcome, Saved
from libs.origin import Origin, Stamp
from libs.rpc.directory import CustomerDirectory
from services.cart import errors, model
from services.cart.commands import Commands
from services.cart.events import CartParted, CartReleased, CartSealed, Event
from services.cart.expiry import NotExpired, expire
from services.cart.line_values import Article, CartId, LineId
from services.cart.merging import taking_over as merging
from services.cart.merging.parting import Together, part
from services.cart.merging.policies import MergePolicy
from services.cart.model import Act, Change, LineChoice
from services.cart.orders.fields import ORDERS, order_from_document
from services.cart.orders.parting import OrdersMoved, as_now, moves_to, newest_now
from services.cart.orders.values import Order, OrderSummary
from services.cart.values import Cart


@dataclass(frozen=True, slots=True)
class Carts:
    """What can be done with carts and orders."""

    commands: Commands
    database: Database
    directory: CustomerDirectory
    new_id: NewId
    merge_policy: MergePolicy = MergePolicy.SUM

    @property
    def records(self) -> Records[Cart, Event]:
        """Where carts are kept."""
        return self.commands.records

    @property
    def clock(self) -> Clock:
        """The time."""
        return self.commands.clock

    async def get(self, customer_id: str) -> Saved[Cart]:
        """Give the cart as committed now, an empty one to a customer without. Raises CUSTOMER_NOT_FOUND."""
        saved = await self.records.get(customer_id)
        if saved.exists:
            return saved
        standing = await self.directory.standing_as_far_as_known(customer_id)
        return saved if standing == customer_id else await self.records.get(standing)

    async def get_many(self, customer_ids: Sequence[str]) -> dict[str, Saved[Cart]]:
        """Give the carts that exist, by the id asked for."""
        return await self.records.get_many(customer_ids)

    async def add_item(
        self, customer_id: str, article: Article, quantity: int, *, etag: str, stamp: Stamp
    ) -> Outcome[Cart]:
        """Add pieces of an article; the fact `line_id` says on which line."""
        new_cart_id, new_line_id = CartId(self.new_id("crt")), LineId(self.new_id("lin"))

        def decide(cart: Cart, act: Act) -> Change:
            return model.add_item(cart, article, quantity, act=act, new_cart_id=new_cart_id, new_line_id=new_line_id)

        return await self._change(customer_id, decide, etag=etag, stamp=stamp)

    async def set_item_quantity(
        self,
        customer_id: str,
        choice: LineChoice,
        quantity: int,
        *,
        expected_quantity: int | None,
        etag: str,
        stamp: Stamp,
    ) -> Outcome[Cart]:
        """Set how many of a line there are."""

        def decide(cart: Cart, act: Act) -> Change:
            return model.set_item_quantity(cart, choice, quantity, act=act, expected_quantity=expected_quantity)

        return await self._change(customer_id, decide, etag=etag, stamp=stamp)

    async def remove_item(self, customer_id: str, choice: LineChoice, *, etag: str, stamp: Stamp) -> Outcome[Cart]:
        """Remove a line."""

        def decide(cart: Cart, act: Act) -> Change:
            return model.remove_item(cart, choice, act=act)

        return await self._change(customer_id, decide, etag=etag, stamp=stamp)

    async def clear(self, customer_id: str, *, etag: str, stamp: Stamp) -> Outcome[Cart]:
        """Remove all lines."""

        def decide(cart: Cart, act: Act) -> Change:
            return model.clear(cart, act=act)

        return await self._change(customer_id, decide, etag=etag, stamp=stamp)

    async def absorb(
        self, *, merge_id: str, source_customer_id: str, survivor_customer_id: str, origin: Origin
    ) -> tuple[bool, Saved[Cart]]:
        """Seal the source's record and take over its cart; False where that was done before. Gives the survivor."""
        act = self.commands.act(origin)

        def decide(source: Saved[Cart], survivor: Saved[Cart]) -> Change:
            return merging.absorb(
                survivor.state,
                source.state,
                merge_id=merge_id,
                source_customer_id=source_customer_id,
                act=act,
                policy=self.merge_policy,
            )

        absorbed_now = await self.records.absorb(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            seal=CartSealed(CartId(""), act.occur_time, merge_id, survivor_customer_id),
            decide=decide,
        )
        return absorbed_now, await self.records.standing(survivor_customer_id)

    async def release(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        source_session_ids: frozenset[str],
        origin: Origin,
    ) -> Released[Cart]:
        """Undo a merge: both have their carts and orders again. Safe to repeat. Raises UNMERGE_NOT_POSSIBLE."""
        for _ in range(MAX_TRIES):
            source = await self.records.get_exact(source_customer_id)
            survivor_id = source.merged_into if source.merge_id == merge_id else survivor_customer_id
            survivor = await self.records.get_exact(survivor_id)
            orders = await newest_now(self.database, survivor)
            decide = self._parted_when(survivor, orders, merge_id=merge_id, sessions=source_session_ids, origin=origin)
            with suppress(OrdersMoved):
                return await self.records.release(
                    merge_id=merge_id,
                    source_customer_id=source_customer_id,
                    survivor_customer_id=survivor_customer_id,
                    origin=origin,
                    parted=CartParted(CartId(""), self.clock(), merge_id, source_customer_id),
                    released=CartReleased(CartId(""), self.clock(), merge_id, survivor_customer_id),
                    decide=decide,
                    moves=moves_to(source, source_session_ids),
                )
        raise conflict()

    def _parted_when(
        self,
        read: Saved[Cart],
        orders: Mapping[str, OrderSummary],
        *,
        merge_id: str,
        sessions: frozenset[str],
        origin: Origin,
    ) -> DecideParting[Cart, Event]:
        """Part the two while the survivor is as it was when its orders were read; else it raises OrdersMoved."""
        act = self.commands.act(origin)

        def decide(joined: Joined[Cart]) -> Shares[Cart, Event]:
            if (joined.survivor.customer_id, joined.survivor.version) != (read.customer_id, read.version):
                raise OrdersMoved
            both = Together(
                now=as_now(joined.survivor.state, orders),
                source=as_now(joined.source.state, orders),
                before=as_now(joined.before, orders) if joined.before is not None else None,
                source_sessions=sessions,
                policy=MergePolicy(joined.policy or MergePolicy.SUM),
                merge_id=merge_id,
            )
            apart = part(both, act)
            return Shares(survivor=apart.survivor, source=apart.source)

        return decide

    async def abandon(self, customer_id: str, stamp: Stamp) -> bool:
        """Announce the customer's cart as abandoned; False where it has changed meanwhile."""

        def decide(saved: Saved[Cart]) -> Change:
            return model.abandon(saved.state, now=self.clock())

        try:
            return not (await self.records.run(customer_id, stamp, decide)).replayed
        except model.NothingToAnnounce:
            return False

    async def expire(self, customer_id: str, stamp: Stamp) -> bool:
        """End the customer's cart, since nobody touched it for very long; False where somebody has meanwhile."""
        new_cart_id = CartId(self.new_id("crt"))

        def decide(saved: Saved[Cart]) -> Change:
            return expire(saved.state, now=self.clock(), new_cart_id=new_cart_id)

        try:
            return not (await self.records.run(customer_id, stamp, decide)).replayed
        except NotExpired:
            return False

    async def _change(
        self, customer_id: str, decide: Callable[[Cart, Act], Change], *, etag: str, stamp: Stamp
    ) -> Outcome[Cart]:
        def decide_on(saved: Saved[Cart], act: Act) -> Change:
            return decide(saved.state, act)

        return await self.commands.run(customer_id, decide_on, etag=etag, stamp=stamp)

    def act(self, origin: Origin, occur_time: datetime | None = None) -> Act:
        """Give what a change knows about itself; `occur_time` is now where it is None."""
        return self.commands.act(origin, occur_time)

    async def order(self, saved: Saved[Cart], order_id: str) -> Order:
        """Give an order of this customer. Raises ORDER_NOT_FOUND."""
        document = await get_member(self.database, ORDERS, saved, order_id)
        if document is None:
            raise errors.order_not_found()
        return order_from_document(document)
