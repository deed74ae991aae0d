"""Whose orders are whose when a merge is undone, and what both then know of them."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from libs.mongo.connection import Database
from libs.mongo.members import page
from libs.mongo.release import MemberMove
from libs.mongo.values import Saved
from services.cart.model import summary_of
from services.cart.orders.fields import ORDERS, order_from_document
from services.cart.orders.values import OrderSummary
from services.cart.values import Cart

MAX_FRESH_ORDERS = 20
"""As many of the newest as the two can show together, with room for those of merges before."""


class OrdersMoved(Exception):
    """The record is not the one under which its orders were read. No caller sees this: both are read again."""


def moves_to(source: Saved[Cart], session_ids: Collection[str]) -> list[MemberMove]:
    """Name the orders that are the source's: its own that changed since the merge, and those of its visits."""
    own = MemberMove(ORDERS, {"of_customer_id": {"$in": list(source.lineage)}})
    in_visits = MemberMove(ORDERS, {"session_id": {"$in": sorted(session_ids)}}) if session_ids else None
    return [move for move in (own, in_visits) if move]


async def newest_now(database: Database, saved: Saved[Cart]) -> dict[str, OrderSummary]:
    """Give the newest orders of a customer as they are now, by id. One query, two where some are on their way."""
    documents, _ = await page(database, ORDERS, saved, limit=MAX_FRESH_ORDERS)
    return {document["_id"]: summary_of(order_from_document(document)) for document in documents}


def as_now(cart: Cart, fresh: Mapping[str, OrderSummary]) -> Cart:
    """Give the state with its newest orders as they are now, not as they were when it was kept."""
    return replace(cart, recent_orders=tuple(fresh.get(one.order_id, one) for one in cart.recent_orders))
