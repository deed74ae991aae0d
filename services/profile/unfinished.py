"""Sweeps: carries out merges that a crash left decided and not done, where nobody comes by to do it.

Every replica looks; several may work on one merge, and each of its steps counts once.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.mongo.record import Records
from libs.telemetry.journey import journey_labels
from services.profile.merges import Merges
from services.profile.model import Profile
from services.profile.store import OLDEST_INCOMING_TIME, Announced

CUSTOMERS_AT_ONCE = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class UnfinishedMerges:
    """Looks for merges that have waited longer than a call takes."""

    records: Records[Profile, Announced]
    merges: Merges
    clock: Clock
    patience: timedelta
    pause_seconds: float

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await asyncio.sleep(self.pause_seconds)
            try:
                await self.sweep()
            except OmnithreadError as error:
                log.warning("merge_sweep_failed", reason=error.reason)

    async def sweep(self) -> int:
        """Carry out what is due, oldest first, and give for how many customers. One customer's trouble is its own."""
        due = await self.records.due(OLDEST_INCOMING_TIME, self.clock() - self.patience, CUSTOMERS_AT_ONCE)
        done = 0
        for customer_id in due:
            with journey_labels(customer_id=customer_id):
                try:
                    await self.merges.carry_out(await self.records.get(customer_id))
                    done += 1
                except OmnithreadError as error:
                    log.warning("merge_not_carried_out", reason=error.reason)
        return done
