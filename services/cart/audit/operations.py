"""Accounts for a cart: which changes were asked for and what became of each, which pieces came and went."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.channel import Channel
from libs.mongo.deadline import Deadline, reading
from libs.mongo.values import Saved
from services.cart import errors
from services.cart.audit.accounting import balance, pieces
from services.cart.audit.rejections import MAX_PER_CUSTOMER, REJECTED_CHANGES
from services.cart.line_values import NO_CART
from services.cart.operations import Carts
from services.cart.values import Cart, Tally

MAX_RECENT = 50


@dataclass(frozen=True, slots=True)
class Rejection:
    """One change that was refused."""

    request_id: str
    method: str
    reason: str
    channel: Channel
    reject_time: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """What became of what was asked of one cart."""

    cart_id: str
    tally: Tally
    present: int
    """Pieces that are there; of a past cart, those that went on from it."""
    rejected: Mapping[str, int]
    """How many changes were refused, by reason."""
    recent: tuple[Rejection, ...]
    """Newest first."""

    @property
    def accepted(self) -> int:
        """Changes that reached a decision."""
        return self.tally.applied + sum(self.rejected.values())

    @property
    def adds_up(self) -> bool:
        """Whether what came, less what went, is what is there."""
        return balance(self.tally) == self.present


@dataclass(frozen=True, slots=True)
class Audits:
    """Accounts for carts."""

    carts: Carts

    async def audit(self, customer_id: str, cart_id: str) -> Account:
        """Account for a cart, the present one where none is named. Raises CUSTOMER_NOT_FOUND, CART_NOT_FOUND.

        A change that was refused, and applied when the same request was sent again, counts as applied only.
        Five reads.
        """
        deadline = Deadline()
        saved = await self.carts.get(customer_id)
        named, tally, present = _of(saved.state, cart_id)
        await self._forget_applied(saved, deadline)
        match = {
            "customer_id": {"$in": list(saved.lineage)},
            "cart_id": {"$in": _ids(saved.state, named)},
            "decided": {"$ne": False},
        }
        rejected = self.carts.database[REJECTED_CHANGES]
        with reading(deadline):
            reasons = await rejected.find(match, {"reason": 1}).limit(MAX_PER_CUSTOMER).to_list(None)
            recent = await rejected.find(match).sort("reject_time", -1).limit(MAX_RECENT).to_list(None)
        return Account(
            cart_id=named,
            tally=tally,
            present=present,
            rejected=dict(sorted(Counter(one["reason"] for one in reasons).items())),
            recent=tuple(_rejection(one) for one in recent),
        )

    async def _forget_applied(self, saved: Saved[Cart], deadline: Deadline) -> None:
        done = await self.carts.records.request_ids(saved.lineage, deadline)
        theirs = {"customer_id": {"$in": list(saved.lineage)}, "request_id": {"$in": done}}
        with reading(deadline):
            await self.carts.database[REJECTED_CHANGES].delete_many(theirs)


def _of(cart: Cart, cart_id: str) -> tuple[str, Tally, int]:
    if cart_id in {"", cart.cart_id}:
        return cart.cart_id, cart.tally, pieces(cart)
    for past in cart.past_carts:
        if past.cart_id == cart_id:
            return past.cart_id, past.tally, past.left
    raise errors.cart_not_found()


def _ids(cart: Cart, cart_id: str) -> list[str]:
    """Give the ids of a cart in refusals: before it got one, it was called by none."""
    first = cart.past_carts[-1].cart_id if cart.past_carts else cart.cart_id
    return [cart_id, NO_CART] if cart_id == first else [cart_id]


def _rejection(document: Mapping[str, Any]) -> Rejection:
    return Rejection(
        request_id=document["request_id"],
        method=document["method"],
        reason=document["reason"],
        channel=Channel.from_fields(document["channel"]),
        reject_time=document["reject_time"],
    )
