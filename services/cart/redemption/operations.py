"""Redeeming what counts only so often: codes for one order, and offers with a limit in all.

First everything is reserved for the order's id, then the order is placed, then what it counted is confirmed. What a
crash leaves between is settled by asking the cart (`redemption/settling.py`).
"""

from dataclasses import dataclass
from datetime import datetime

from services.cart.offers.values import ActiveOffers, CodeRule
from services.cart.pricing.values import Price
from services.cart.redemption.codes import Codes
from services.cart.redemption.counters import RedemptionCounters


@dataclass(frozen=True, slots=True)
class Reservation:
    """Something that is kept for an order."""

    order_id: str
    customer_id: str
    """Whose order it is, as the checkout was asked for: what settles it goes the same way over merges."""


@dataclass(frozen=True, slots=True)
class Redemptions:
    """All that is reserved and redeemed."""

    codes: Codes
    counters: RedemptionCounters

    async def used_up(self, offers: ActiveOffers, *, for_order_id: str = "") -> frozenset[str]:
        """Give the offers redeemed as often as they may be, but for those in which an order holds a place already.

        No query where no active offer has a limit.
        """
        taken = await self.counters.taken(offers.limits)
        full = frozenset(offer_id for offer_id, count in taken.items() if count >= offers.limits[offer_id])
        return full - await self.counters.held_for(for_order_id) if full and for_order_id else full

    async def reserve(self, price: Price, offers: ActiveOffers, *, order_id: str, customer_id: str) -> None:
        """Keep for an order what its price counted; safe to repeat. One update for each code and each limited offer.

        What was reserved before a refusal stays so, until it is settled.
        Raises OFFER_CODE_USED, OFFER_USED_UP, and CONFLICT where too many do the same.
        """
        for counted in _counted(price, offers):
            if counted.code:
                await self.codes.reserve(counted.code, counted.offer_id, order_id=order_id, customer_id=customer_id)
            if counted.most:
                await self.counters.hold(counted.offer_id, counted.most, order_id=order_id, customer_id=customer_id)

    async def confirm(self, order_id: str, price: Price | None) -> None:
        """Let a placed order have what its price counted, and give back what else was kept for it. Safe to repeat."""
        applied = price.applied if price else ()
        await self.codes.confirm(order_id, {one.offer_code for one in applied if one.offer_code})
        await self.counters.confirm(order_id, {one.offer_id for one in applied})

    async def is_anything_reserved(self, order_id: str) -> bool:
        """Say whether something is kept for an order that is not confirmed yet. Two indexed queries at most."""
        return await self.codes.is_any_reserved(order_id) or bool(await self.counters.held_for(order_id))

    async def keep(self, order_id: str) -> None:
        """Let all that is reserved for an order count as redeemed."""
        await self.codes.keep(order_id)
        await self.counters.keep(order_id)

    async def release(self, order_id: str) -> None:
        """Give back all that is reserved for an order that surely was not placed and never will be. Safe to repeat."""
        await self.codes.release(order_id)
        await self.counters.release(order_id)

    async def overdue(self, before: datetime, limit: int) -> list[Reservation]:
        """Give the orders for which something has been reserved since before a time; some of them, the oldest first.

        Two indexed queries.
        """
        found = (*await self.codes.overdue(before, limit), *await self.counters.overdue(before, limit))
        return [Reservation(order_id, customer_id) for order_id, customer_id in dict.fromkeys(found)]


def is_reserved(price: Price, offers: ActiveOffers) -> bool:
    """Say whether a price counts anything that has to be reserved."""
    return bool(_counted(price, offers))


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a price counted that counts only so often."""

    offer_id: str
    code: str
    """Empty where the offer needs none, or one that everybody may use."""
    most: int
    """In all; 0 for no limit."""


def _counted(price: Price, offers: ActiveOffers) -> list[_Counted]:
    """Give them in the same order for everybody, so that two orders never wait for one another's."""
    found = []
    for applied in sorted(price.applied, key=lambda one: one.offer_id):
        its = offers.by_id[applied.offer_id].terms
        code = applied.offer_code if its.code_rule is CodeRule.SINGLE_USE else ""
        found.append(_Counted(applied.offer_id, code, its.max_redemptions))
    return [one for one in found if one.code or one.most]
