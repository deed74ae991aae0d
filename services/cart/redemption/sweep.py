"""Sweeps: settles what has been reserved for longer than any checkout takes. Every replica looks."""

from datetime import timedelta

import structlog

from libs.clock import Clock
from libs.sweeping import MAX_AT_ONCE, Sweep
from services.cart.redemption.operations import Reservation
from services.cart.redemption.settling import Settling

log = structlog.get_logger(__name__)


class RedemptionSweep:
    """Looks for what a crash or a lost answer left behind, again and again."""

    def __init__(self, *, settling: Settling, clock: Clock, reservation_seconds: float, pause_seconds: float) -> None:
        self._settling = settling
        self._clock = clock
        self._reservation = timedelta(seconds=reservation_seconds)
        self._sweep = Sweep(name="reservations", find=self._overdue, do=self._settle, pause_seconds=pause_seconds)

    async def run(self) -> None:
        """Look until cancelled."""
        await self._sweep.run()

    async def _overdue(self) -> list[Reservation]:
        return await self._settling.redemptions.overdue(self._clock() - self._reservation, MAX_AT_ONCE)

    async def _settle(self, one: Reservation) -> None:
        placed = await self._settling.settle(one.order_id, one.customer_id)
        log.info("reservation_settled", order_id=one.order_id, placed=placed)
