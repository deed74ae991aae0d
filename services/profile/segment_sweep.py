"""Sweeps: looks again at customers after a segment has changed, and at those whose memberships time alone changes.

Every replica looks. Several may look at one customer; what is decided is decided once, and where nothing changes
nobody hears of it: the profile keeps its version.
"""

import asyncio
import contextlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.mongo.record import Records
from libs.mongo.values import Decision, Saved
from libs.origin import Origin, Stamp
from libs.telemetry.journey import journey_labels
from services.profile.membership import with_memberships
from services.profile.model import Profile
from services.profile.segment_book import KnownSegments
from services.profile.segment_fields import DUE_TIME, EDITION, marks_of
from services.profile.store import Announced, silent_decision_of

CUSTOMERS_AT_ONCE = 200
CHANGES_AT_ONCE = 8
PUT_OFF = timedelta(minutes=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SegmentSweep:
    """Looks for customers whose memberships are not decided by the present segments and the present time."""

    records: Records[Profile, Announced]
    known: KnownSegments
    clock: Clock
    random: random.Random
    pause_seconds: float
    nudged: asyncio.Event = field(default_factory=asyncio.Event)

    def nudge(self) -> None:
        """Look now."""
        self.nudged.set()

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            try:
                async with asyncio.timeout(self.pause_seconds):
                    await self.nudged.wait()
            except TimeoutError:
                pass
            self.nudged.clear()
            try:
                while await self.sweep():
                    pass
            except OmnithreadError as error:
                log.warning("segment_sweep_failed", reason=error.reason)

    async def sweep(self) -> int:
        """Look at some of those who are due, and give how many were settled. One customer's trouble is its own."""
        catalogue = await self.known.refresh()
        due: list[str] = []
        if catalogue.edition:
            due += await self.records.behind(EDITION, catalogue.edition, CUSTOMERS_AT_ONCE)
        due += await self.records.due(DUE_TIME, self.clock(), CUSTOMERS_AT_ONCE)
        return await self._look(list(dict.fromkeys(due)))

    async def _look(self, customer_ids: Sequence[str]) -> int:
        """Decide anew: what changes is written one by one, and that nothing changes is noted for all others at once."""
        unchanged: list[tuple[Saved[Profile], Mapping[str, Any]]] = []
        changed: list[Saved[Profile]] = []
        living = await self.records.get_many(customer_ids)
        for customer_id in customer_ids:
            saved = living.get(customer_id) or await self.records.get_exact(customer_id)  # forgotten: nothing to decide
            after, _ = with_memberships(saved.state, self.known.catalogue, now=self.clock())
            if saved.customer_id != customer_id or after.standing == saved.state.standing:
                continue
            if after.standing.memberships == saved.state.standing.memberships:
                unchanged.append((saved, marks_of(after.standing)))
            else:
                changed.append(saved)
        settled = await self.records.mark(unchanged)
        self.random.shuffle(changed)  # replicas begin in different places
        slots = asyncio.Semaphore(CHANGES_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._change(saved, slots)) for saved in changed]
        return settled + sum(task.result() for task in tasks)

    async def _change(self, saved: Saved[Profile], slots: asyncio.Semaphore) -> bool:
        stamp = Stamp.internal(f"segments:{saved.customer_id}:{saved.version}", Origin.system("profile-segments"))
        async with slots:
            with journey_labels(customer_id=saved.customer_id):
                try:
                    await self.records.run(saved.customer_id, stamp, _as_it_is)
                except OmnithreadError as error:
                    log.warning("membership_not_decided", reason=error.reason)
                    await self._put_off(saved)
                    return False
        return True

    async def _put_off(self, saved: Saved[Profile]) -> None:
        """Look again a little later: those behind this customer shall not wait for what does not work now."""
        due_time = self.clock() + PUT_OFF
        standing = replace(saved.state.standing, edition=self.known.catalogue.edition, due_time=due_time)
        with contextlib.suppress(OmnithreadError):  # then it is looked at again at once
            await self.records.mark([(saved, marks_of(standing))])


def _as_it_is(saved: Saved[Profile]) -> Decision[Profile, Announced]:
    """Change nothing: the memberships follow from the state as it is written."""
    return silent_decision_of(saved.state)
