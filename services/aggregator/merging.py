"""Completes merges while somebody waits to see the one customer: every area at once, within the time given.

What does not answer in time is left to that service's own listener, which does the same a moment later.
"""

import asyncio
from collections.abc import Iterable

import structlog

from libs.errors import OmnithreadError
from libs.origin import Origin
from omnithread.profile.v1.profile_pb2 import Merge
from services.aggregator.budget import Budget
from services.aggregator.operations import Journeys
from services.aggregator.sources import MergeOrder, Sources

OWN_AREA = "context"
MOST_MERGES = 8
"""So many of a customer's merges are completed in one call, oldest first."""
CALL_SHARE = 0.7
"""Of what is left, for each of the two steps: absorbing, and telling profile."""

log = structlog.get_logger(__name__)


class Merges:
    """Absorbs merged customers at all areas that have not done it yet."""

    def __init__(self, *, journeys: Journeys, sources: Sources) -> None:
        self._journeys = journeys
        self._sources = sources

    async def complete(
        self,
        merges: Iterable[Merge],
        survivor_customer_id: str,
        *,
        areas: frozenset[str],
        origin: Origin,
        budget: Budget,
    ) -> frozenset[str]:
        """Do what is pending in `areas`, as far as the budget goes, and give the areas where something is left to do.

        Never raises for what another service does.
        """
        pending = [merge for merge in merges if merge.pending_areas]
        left = set(pending_areas(pending) - areas) | pending_areas(pending[MOST_MERGES:])
        for merge in pending[:MOST_MERGES]:
            order = MergeOrder(
                merge.merge_id, merge.source_customer_id, survivor_customer_id, merge_time=merge.merge_time
            )
            tried = sorted(areas.intersection(merge.pending_areas))
            done = await asyncio.gather(*(self._complete_in(area, order, origin, budget) for area in tried))
            left.update(area for area, is_done in zip(tried, done, strict=True) if not is_done)
        return frozenset(left)

    async def _complete_in(self, area: str, order: MergeOrder, origin: Origin, budget: Budget) -> bool:
        try:
            await self._absorb(area, order, origin, budget)
        except (OmnithreadError, TimeoutError) as error:
            self._leave(area, order, error)
            return False
        try:
            await self._sources.complete_merge(area, order, timeout_seconds=budget.share_seconds(CALL_SHARE))
        except OmnithreadError as error:
            self._leave(area, order, error)
        return True

    def _leave(self, area: str, order: MergeOrder, error: OmnithreadError | TimeoutError) -> None:
        reason = error.reason if isinstance(error, OmnithreadError) else "DEADLINE_EXCEEDED"
        log.info("merge_left_to_listener", area=area, merge_id=order.merge_id, reason=reason)

    async def _absorb(self, area: str, order: MergeOrder, origin: Origin, budget: Budget) -> None:
        if area != OWN_AREA:
            await self._sources.absorb(area, order, timeout_seconds=budget.share_seconds(CALL_SHARE))
            return
        async with asyncio.timeout(budget.share_seconds(CALL_SHARE)):
            await self._journeys.absorb(
                merge_id=order.merge_id,
                source_customer_id=order.source_customer_id,
                survivor_customer_id=order.survivor_customer_id,
                origin=origin,
            )


def pending_areas(merges: Iterable[Merge]) -> frozenset[str]:
    """Give the areas in which something is still to be absorbed."""
    return frozenset(area for merge in merges for area in merge.pending_areas)
