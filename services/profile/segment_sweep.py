"""Sweeps: looks again at customers after a segment has changed, and at those whose memberships time alone changes.

Every replica looks. Several may look at one customer; what is decided is decided once, and where nothing changes
nobody hears of it: the profile keeps its version.
"""

import asyncio
import hashlib
import random
from dataclasses import dataclass, field

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
        self.random.shuffle(due)  # replicas begin in different places
        settled = 0
        for customer_id in dict.fromkeys(due):
            with journey_labels(customer_id=customer_id):
                try:
                    settled += await self._look(customer_id)
                except OmnithreadError as error:
                    log.warning("membership_not_decided", reason=error.reason)
        return settled

    async def _look(self, customer_id: str) -> bool:
        saved = await self.records.get_exact(customer_id)
        after, _ = with_memberships(saved.state, self.known.catalogue, now=self.clock())
        if after.standing == saved.state.standing or saved.merged_into:
            return False
        if after.standing.memberships == saved.state.standing.memberships:
            return await self.records.mark(saved, marks_of(after.standing))
        name = f"segments:{customer_id}:{saved.version}"
        stamp = Stamp(
            request_id=name,
            body_hash=hashlib.sha256(name.encode()).digest(),
            issue_time=None,
            origin=Origin.system("profile-segments"),
        )
        await self.records.run(customer_id, stamp, _as_it_is)
        return True


def _as_it_is(saved: Saved[Profile]) -> Decision[Profile, Announced]:
    """Change nothing: the memberships follow from the state as it is written."""
    return silent_decision_of(saved.state)
