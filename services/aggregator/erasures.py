"""Coordinates erasures: accepted in one conditional write, carried out at once as far as it goes, and by the sweep.

Whoever crashes at any point leaves the erasure due: the next one asks the areas again, which give the same receipts.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import structlog

from libs.clock import Clock
from libs.errors import CUSTOMER_ERASED, OmnithreadError, is_passing
from libs.ids import NewId
from libs.mongo.documents import Documents, SavedDocument
from libs.mongo.record import Records
from libs.mongo.values import Decision
from libs.origin import Origin, Stamp
from libs.timestamps import from_timestamp
from omnithread.common.v1.privacy_pb2 import AreaErasure
from services.aggregator import errors
from services.aggregator.areas import Areas
from services.aggregator.budget import Budget
from services.aggregator.erasure import (
    AreaReceipt,
    ErasedRow,
    Erasure,
    accept,
    close,
    erasure_id_of,
    next_areas,
    note,
    put_off,
    take,
)
from services.aggregator.erasure_store import ErasureFinder
from services.aggregator.events import Event
from services.aggregator.values import Thread

CALL_SHARE = 0.7
"""Of what is left, for one round of asking."""
PART = "erasure"
ACCEPTED = "accepted"

log = structlog.get_logger(__name__)


class TakenByAnother(Exception):
    """Another replica works on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasures:
    """What can be done about erasures."""

    documents: Documents[Erasure]
    finder: ErasureFinder
    records: Records[Thread, Event]
    areas: Areas
    again_after: timedelta
    """How long after it is done each area is asked once more."""
    clock: Clock
    new_id: NewId

    async def erase(self, customer_id: str, *, reason: str, stamp: Stamp, budget: Budget) -> tuple[Erasure, bool]:
        """Accept the erasure of a customer and carry it out as far as the budget goes.

        Gives it as it stands, and whether it had been accepted before. Raises CUSTOMER_NOT_FOUND.
        """
        erasure_id = await self.finder.of_customer(customer_id)
        customer_ids: tuple[str, ...] = ()
        if not erasure_id:
            customer_ids = (*await self._everybody(customer_id), customer_id)
            erasure_id = erasure_id_of(customer_ids[0])

        def decide(saved: SavedDocument[Erasure]) -> Decision[Erasure, NoReturn]:
            if saved.exists:
                return Decision(saved.state)
            accepted = accept(erasure_id, customer_ids, reason=reason, origin=stamp.origin, now=self.clock())
            return Decision(accepted, facts={ACCEPTED: "now"})

        outcome = await self.documents.run(erasure_id, stamp, decide)
        accepted_now = not outcome.replayed and ACCEPTED in outcome.facts
        # Where it was done, whoever asks again may know of a database that was restored since.
        return await self.carry_on(outcome.saved.state, budget=budget), not accepted_now

    async def get(self, *, erasure_id: str = "", customer_id: str = "") -> Erasure:
        """Give an erasure by its id or its customer. Raises ERASURE_NOT_FOUND."""
        key = erasure_id or await self.finder.of_customer(customer_id)
        saved = await self.documents.get(key) if key else None
        if saved is None or not saved.exists:
            raise errors.erasure_not_found()
        return saved.state

    async def take(self, erasure_id: str) -> Erasure:
        """Take a due erasure for some time. Raises TakenByAnother."""

        def decide(saved: SavedDocument[Erasure]) -> Decision[Erasure, NoReturn]:
            now = self.clock()
            if saved.state.due_time is None or saved.state.due_time > now:
                raise TakenByAnother
            return Decision(take(saved.state, now=now))

        outcome = await self.documents.run(erasure_id, self._stamp("take"), decide)
        return outcome.saved.state

    async def carry_on(self, erasure: Erasure, *, budget: Budget, closing: bool = False) -> Erasure:
        """Ask the areas that are next, and those after them, within the budget. Never raises for what they do.

        Where all have done it, all are asked once more; `closing` says that this was the look for which it was due.
        """
        again = erasure.is_done
        while True:
            tried = next_areas(erasure)
            done = await asyncio.gather(*(self._erase_in(area, erasure, budget) for area in tried))
            if not all(done):
                return await self._change(erasure.erasure_id, lambda state: put_off(state, now=self.clock()))
            if again:
                return await self._change(erasure.erasure_id, close) if closing else erasure
            erasure = await self.get(erasure_id=erasure.erasure_id)
            if erasure.is_done:
                log.info("erasure_done", erasure_id=erasure.erasure_id)
                return erasure

    async def _erase_in(self, area: str, erasure: Erasure, budget: Budget) -> bool:
        origin = Origin(channel_id=erasure.channel.id, channel_kind=erasure.channel.kind, actor_id=erasure.actor_id)
        try:
            erased, customer_ids = await self.areas.erase(
                area,
                erasure.customer_ids,
                erasure_id=erasure.erasure_id,
                origin=origin,
                timeout_seconds=budget.share_seconds(CALL_SHARE),
            )
        except (OmnithreadError, TimeoutError) as error:
            reason = error.reason if isinstance(error, OmnithreadError) else "DEADLINE_EXCEEDED"
            log.warning("erasure_waits", erasure_id=erasure.erasure_id, area=area, reason=reason)
            return False
        await self._change(
            erasure.erasure_id,
            lambda state: note(state, _receipt(erased), customer_ids, now=self.clock(), again_after=self.again_after),
        )
        return True

    async def _everybody(self, customer_id: str) -> tuple[str, ...]:
        """Ask profile; where it is away, who is known here will do: it says who belongs to them before they go."""
        try:
            return await self.areas.everybody(customer_id)
        except OmnithreadError as error:
            if error.reason == CUSTOMER_ERASED:
                return (customer_id,)  # profile has done it, and nobody here knows of it any more: after a restore
            if not is_passing(error):
                raise
            own = await self.records.standing(customer_id)
            if not own.exists:
                raise
            return (own.customer_id,)

    async def _change(self, erasure_id: str, change: Callable[[Erasure], Erasure]) -> Erasure:
        outcome = await self.documents.run(
            erasure_id, self._stamp("go-on"), lambda saved: Decision(change(saved.state))
        )
        return outcome.saved.state

    def _stamp(self, what: str) -> Stamp:
        return Stamp.internal(f"{PART}:{what}:{self.new_id('stp')}", Origin.system(PART))


def _receipt(erased: AreaErasure) -> AreaReceipt:
    return AreaReceipt(
        area=erased.area,
        rows=tuple(
            ErasedRow(
                collection=row.collection,
                erased_count=row.erased_count,
                pseudonymised_count=row.pseudonymised_count,
                why_kept=row.why_kept,
            )
            for row in erased.collections
        ),
        erase_time=from_timestamp(erased.erase_time),
    )
