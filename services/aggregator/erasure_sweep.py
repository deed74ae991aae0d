"""Sweeps: carries erasures on that a crash, or a service that does not answer, left unfinished.

Every replica looks; one conditional write decides who works on one. Asked twice, an area gives the same receipt.
"""

import asyncio
from dataclasses import dataclass

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError
from services.aggregator.budget import Budget
from services.aggregator.erasures import Erasures, TakenByAnother

MOST_AT_ONCE = 50
MOST_SECONDS = 25.0
"""For one erasure: less than the time for which it is kept from others."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErasureSweep:
    """Looks for erasures whose time has come."""

    erasures: Erasures
    clock: Clock
    pause_seconds: float

    async def run(self) -> None:
        """Look until cancelled. While MongoDB does not answer nothing is done, and nothing is lost."""
        while True:
            try:
                await self.sweep()
            except OmnithreadError as error:
                log.warning("erasures_not_found", reason=error.reason)
            await asyncio.sleep(self.pause_seconds)

    async def sweep(self) -> None:
        """Carry on with at most 50, longest due first; one that fails holds up no other."""
        for erasure_id in await self.erasures.finder.due(self.clock(), MOST_AT_ONCE):
            try:
                erasure = await self.erasures.take(erasure_id)
                budget = Budget.of_call(None, most_seconds=MOST_SECONDS)
                await self.erasures.carry_on(erasure, budget=budget, closing=True)
            except TakenByAnother:
                continue
            except OmnithreadError as error:
                log.warning("erasure_not_carried_on", erasure_id=erasure_id, reason=error.reason)
