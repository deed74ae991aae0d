"""Counts how often offers with a limit were redeemed, never beyond it: one document per offer, one update per order.

An order that is being placed holds a place; when it is placed the hold goes and the place stays taken.
"""

from collections.abc import Collection as Some
from collections.abc import Iterable, Mapping
from datetime import datetime

from libs.clock import Clock
from libs.errors import conflict
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.once import insert_once
from services.cart.checkout import errors

OFFER_COUNTERS = "offer_counters"
INDEXES = (
    Index(OFFER_COUNTERS, (("holds.order_id", 1),), sparse=True),
    Index(OFFER_COUNTERS, (("holds.time", 1),), sparse=True),
)
MAX_HOLDS = 1000
"""Orders that are being placed at once with one offer; a further one is asked to try again."""
MAX_TRIES = 12
"""The second does, unless places are given back and taken again all the while."""
MOST_KEPT = 200
"""Of so many orders placed last an offer knows that they have their place: a late try of one takes no second one."""


class RedemptionCounters:
    """The counters of all offers."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._collection = database[OFFER_COUNTERS]
        self._clock = clock

    async def taken(self, offer_ids: Iterable[str]) -> dict[str, int]:
        """Give how often offers were redeemed, orders being placed counted in; none is 0. One query."""
        wanted = sorted(offer_ids)
        if not wanted:
            return {}
        with reading():
            cursor = self._collection.find({"_id": {"$in": wanted}}, {"taken": 1})
            return {document["_id"]: document["taken"] for document in await cursor.to_list(len(wanted))}

    async def held_for(self, order_id: str) -> frozenset[str]:
        """Give the offers in which an order holds a place. One indexed query."""
        with reading():
            documents = await self._collection.find({"holds.order_id": order_id}, {"_id": 1}).to_list(None)
        return frozenset(document["_id"] for document in documents)

    async def hold(self, offer_id: str, most: int, *, order_id: str, customer_id: str) -> None:
        """Take a place for an order; safe to repeat, also just after the order was placed.

        One conditional update, more for the first of an offer.

        Raises OFFER_USED_UP, and CONFLICT while too many orders are being placed at once.
        """
        match: Document = {
            "_id": offer_id,
            "taken": {"$lt": most},
            "hold_count": {"$lt": MAX_HOLDS},
            "holds.order_id": {"$ne": order_id},
            "kept": {"$ne": order_id},
        }
        hold = {"order_id": order_id, "customer_id": customer_id, "time": self._clock()}
        update: Document = {"$inc": {"taken": 1, "hold_count": 1}, "$push": {"holds": hold}}
        for _ in range(MAX_TRIES):
            with reading():
                answer = await self._collection.update_one(match, update)
                if answer.matched_count:
                    return
                found = await self._collection.find_one({"_id": offer_id})
            if found is None:
                await insert_once(self._collection, {"_id": offer_id, "taken": 0, "hold_count": 0, "holds": []})
                continue
            if order_id in found.get("kept", ()) or any(one["order_id"] == order_id for one in found["holds"]):
                return
            if found["taken"] >= most:
                raise errors.offer_used_up(offer_id)
            if found["hold_count"] >= MAX_HOLDS:
                break
        raise conflict()

    async def confirm(self, order_id: str, offer_ids: Some[str]) -> None:
        """Let an order that was placed keep its places in these offers, and give back its others. Safe to repeat."""
        for offer_id in sorted(await self.held_for(order_id)):
            await self._end_hold(offer_id, order_id, given_back=offer_id not in offer_ids)

    async def keep(self, order_id: str) -> None:
        """Let all places that an order holds stay taken."""
        await self.confirm(order_id, await self.held_for(order_id))

    async def release(self, order_id: str) -> None:
        """Give back the places held for an order that was not placed, and surely never will be. Safe to repeat."""
        await self.confirm(order_id, ())

    async def overdue(self, before: datetime, limit: int) -> list[tuple[str, str]]:
        """Give order and customer of holds from before a time, of at most `limit` offers."""
        with reading():
            documents = await self._collection.find({"holds.time": {"$lte": before}}, {"holds": 1}).to_list(limit)
        return [_whose(hold) for document in documents for hold in document["holds"] if hold["time"] <= before]

    async def _end_hold(self, offer_id: str, order_id: str, *, given_back: bool) -> None:
        update: Document = {"$inc": {"hold_count": -1}, "$pull": {"holds": {"order_id": order_id}}}
        if given_back:
            update["$inc"]["taken"] = -1
        else:
            update["$push"] = {"kept": {"$each": [order_id], "$slice": -MOST_KEPT}}
        with reading():
            await self._collection.update_one({"_id": offer_id, "holds.order_id": order_id}, update)


def _whose(hold: Mapping[str, str]) -> tuple[str, str]:
    return hold["order_id"], hold["customer_id"]
