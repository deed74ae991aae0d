"""Sweeps: makes the cards of customers whose records have changed, every second or so.

Every replica looks. What two of them make beside one another is the same. A customer changes as often as they like in
between: their cards are made once for all of it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from libs.errors import OmnithreadError
from services.aggregator.searching.behind import Behind
from services.aggregator.searching.building import Building

AT_ONCE = 100
MOST_CUSTOMERS = 500
MOST_SET_ASIDE = 1000
SET_ASIDE_SECONDS = 300.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CardSweep:
    """Looks for customers whose cards are not as their records are."""

    behind: Behind
    building: Building
    pause_seconds: float
    _aside: dict[str, float] = field(default_factory=dict)
    """Those of whom no card can be made, an error of ours: they are tried again later, and hold up nobody else."""

    async def run(self) -> None:
        """Look until cancelled; without a pause while there is much to do."""
        while True:
            count = 0
            try:
                count = await self.sweep()
            except OmnithreadError as error:
                log.warning("sweep_failed", sweep="journey-cards", reason=error.reason)
            if count < MOST_CUSTOMERS:
                await asyncio.sleep(self.pause_seconds)

    async def sweep(self) -> int:
        """Make the cards of at most 500 customers, and say of how many they were made."""
        now = asyncio.get_running_loop().time()
        self._aside = {one: until for one, until in self._aside.items() if until > now}
        found = await self.behind.find(MOST_CUSTOMERS + len(self._aside))
        due = [customer_id for customer_id in found if customer_id not in self._aside]
        for begin in range(0, len(due), AT_ONCE):
            await self._build(due[begin : begin + AT_ONCE])
        return len(due)

    async def _build(self, customer_ids: Sequence[str]) -> None:
        try:
            await self.building.build(customer_ids)
        except OmnithreadError:
            raise  # MongoDB is away or slow: all of them later
        except Exception:
            if len(customer_ids) > 1:  # one of them is at fault: each by itself tells which
                for customer_id in customer_ids:
                    await self._build([customer_id])
                return
            log.exception("cards_not_made", customer_id=customer_ids[0])
            if len(self._aside) < MOST_SET_ASIDE:
                self._aside[customer_ids[0]] = asyncio.get_running_loop().time() + SET_ASIDE_SECONDS
