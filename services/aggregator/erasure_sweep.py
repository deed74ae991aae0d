"""Sweeps: carries erasures on that a crash, or a service that does not answer, left unfinished.

Every replica looks; one conditional write decides who works on one. Asked twice, an area gives the same receipt.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from libs.clock import Clock
from libs.sweeping import Sweep
from services.aggregator.budget import Budget
from services.aggregator.erasures import Erasures, TakenByAnother

MOST_AT_ONCE = 50
MOST_SECONDS = 25.0
"""For one erasure: less than the time for which it is kept from others."""


@dataclass(frozen=True, slots=True)
class ErasureSweep:
    """Looks for erasures whose time has come."""

    erasures: Erasures
    clock: Clock
    pause_seconds: float

    async def run(self) -> None:
        """Look until cancelled."""
        await self._sweep.run()

    async def sweep(self) -> None:
        """Carry on with at most 50, longest due first; one that fails holds up no other."""
        await self._sweep.sweep()

    @property
    def _sweep(self) -> Sweep[str]:
        return Sweep(name="erasures", find=self._due, do=self._carry_on, pause_seconds=self.pause_seconds)

    async def _due(self) -> Sequence[str]:
        return await self.erasures.finder.due(self.clock(), MOST_AT_ONCE)

    async def _carry_on(self, erasure_id: str) -> None:
        with contextlib.suppress(TakenByAnother):
            erasure = await self.erasures.take(erasure_id)
            budget = Budget.of_call(None, most_seconds=MOST_SECONDS)
            await self.erasures.carry_on(erasure, budget=budget, closing=True)
