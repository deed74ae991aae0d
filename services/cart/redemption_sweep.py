"""Sweeps: settles what has been reserved for longer than any checkout takes. Every replica looks."""

import asyncio
from datetime import timedelta

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError
from services.cart.redemption_settling import Settling

MAX_AT_ONCE = 500

log = structlog.get_logger(__name__)


class RedemptionSweep:
    """Looks for what a crash or a lost answer left behind, again and again."""

    def __init__(self, *, settling: Settling, clock: Clock, reservation_seconds: float, pause_seconds: float) -> None:
        self._settling = settling
        self._clock = clock
        self._reservation = timedelta(seconds=reservation_seconds)
        self._pause_seconds = pause_seconds

    async def run(self) -> None:
        """Look until cancelled. While MongoDB does not answer nothing is settled, and nothing is lost."""
        while True:
            try:
                await self.sweep()
            except OmnithreadError as error:
                log.warning("reservations_not_found", reason=error.reason)
            await asyncio.sleep(self._pause_seconds)

    async def sweep(self) -> None:
        """Settle what is overdue, at most 500 orders, the oldest first; one that fails holds up no other."""
        before = self._clock() - self._reservation
        for one in await self._settling.redemptions.overdue(before, MAX_AT_ONCE):
            try:
                placed = await self._settling.settle(one.order_id, one.customer_id)
            except OmnithreadError as error:
                log.warning("reservation_not_settled", order_id=one.order_id, reason=error.reason)
            else:
                log.info("reservation_settled", order_id=one.order_id, placed=placed)
