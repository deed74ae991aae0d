"""Undoes merges in every area once profile has decided it: while somebody waits to see a customer, and when we hear it.

The visits that began with what identifies the merged customer are known here: they tell the areas what is whose.
What does not answer in time stays pending at profile, and is done by the next read, or when it is heard of again.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import structlog

from libs.errors import OmnithreadError, dependency_unavailable
from libs.origin import Origin
from omnithread.profile.v1.profile_pb2 import Merge
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.aggregator.area_merges import OTHER_AREAS, AreaMerges, UnmergeOrder
from services.aggregator.budget import Budget
from services.aggregator.merging import CALL_SHARE, MOST_MERGES, OWN_AREA
from services.aggregator.partings import Partings

MOST_HEARING_SECONDS = 10.0

log = structlog.get_logger(__name__)


class CatchUp(Protocol):
    """Takes in all that areas announced of a customer; see `Freshness.catch_up_areas`."""

    async def __call__(self, customer_id: str, areas: Iterable[str], *, timeout_seconds: float) -> bool:
        """Do it, and say whether it is all."""
        ...


class Unmerges:
    """Carries out undoings at all areas that have not done it yet."""

    def __init__(self, *, partings: Partings, area_merges: AreaMerges, catch_up: CatchUp) -> None:
        self._partings = partings
        self._area_merges = area_merges
        self._catch_up = catch_up

    async def complete(
        self,
        merges: Iterable[Merge],
        survivor_customer_id: str,
        *,
        origin: Origin,
        budget: Budget,
        silent: frozenset[str] = frozenset(),
    ) -> frozenset[str]:
        """Do what is pending, as far as the budget goes, and give the areas where something is left to do.

        Areas that have just not answered (`silent`) are not asked again.
        Never raises for what another service does.
        """
        pending = [merge for merge in merges if merge.unmerge_pending_areas]
        left = {area for merge in pending[MOST_MERGES:] for area in merge.unmerge_pending_areas}
        left |= {area for merge in pending for area in merge.unmerge_pending_areas if area in silent}
        for merge in pending[:MOST_MERGES]:
            areas = [area for area in merge.unmerge_pending_areas if area not in silent]
            try:
                order = await self._order(merge, survivor_customer_id)
            except OmnithreadError as error:
                _leave(OWN_AREA, merge.merge_id, error)
                left.update(areas)
                continue
            # Ours comes last: until then the record of the survivor is where the visits are told apart.
            others = [area for area in areas if area != OWN_AREA]
            done = await asyncio.gather(*(self._undo_in(area, order, origin, budget) for area in others))
            left.update(area for area, is_done in zip(others, done, strict=True) if not is_done)
            parted = [area for area in OTHER_AREAS if area not in left]
            if OWN_AREA in areas and not await self._undo_here(order, parted, origin, budget):
                left.add(OWN_AREA)
        return frozenset(left)

    async def hear(self, merge_id: str, survivor_customer_id: str, *, origin: Origin) -> None:
        """Undo a merge of which profile has told; safe to repeat. Raises DEPENDENCY_UNAVAILABLE where one is left."""
        budget = Budget.of_call(None, most_seconds=MOST_HEARING_SECONDS)
        try:
            decided = await self._area_merges.decided(
                merge_id, survivor_customer_id, timeout_seconds=budget.share_seconds(CALL_SHARE)
            )
        except OmnithreadError as error:
            if error.reason != "CUSTOMER_NOT_FOUND":
                raise
            log.info("unmerge_of_erased_customer", merge_id=merge_id)
            return  # forgotten since, which waited for the undoing
        left = await self.complete([decided.merge], survivor_customer_id, origin=origin, budget=budget)
        if left:
            raise dependency_unavailable(min(left))

    async def undone_between(self, customer_id: str, other_id: str, *, timeout_seconds: float) -> list[Merge] | None:
        """Give the merges of this customer into the other one that are being undone; None where profile is silent."""
        asked = GetProfileRequest(customer_id=other_id)
        try:
            found = await self._area_merges.sources.find(asked, timeout_seconds=timeout_seconds)
        except OmnithreadError:
            return None
        return [
            merge
            for merge in found.profile.merges
            if merge.source_customer_id == customer_id and merge.unmerge_pending_areas
        ]

    async def _order(self, merge: Merge, survivor_customer_id: str) -> UnmergeOrder:
        visits = await self._partings.visits(
            merge_id=merge.merge_id,
            source_customer_id=merge.source_customer_id,
            survivor_customer_id=survivor_customer_id,
        )
        return UnmergeOrder(
            merge_id=merge.merge_id,
            source_customer_id=merge.source_customer_id,
            survivor_customer_id=survivor_customer_id,
            merge_time=merge.merge_time,
            source_session_ids=visits,
        )

    async def _undo_in(self, area: str, order: UnmergeOrder, origin: Origin, budget: Budget) -> bool:
        try:
            await self._release(area, order, origin, budget)
            await self._area_merges.complete(area, order, timeout_seconds=budget.share_seconds(CALL_SHARE))
        except (OmnithreadError, TimeoutError) as error:
            _leave(area, order.merge_id, error)
            return False
        return True

    async def _undo_here(self, order: UnmergeOrder, parted: Iterable[str], origin: Origin, budget: Budget) -> bool:
        """What happened before the areas parted the two is heard first, while their visits can be told apart."""
        seconds = budget.share_seconds(CALL_SHARE)
        if not await self._catch_up(order.survivor_customer_id, parted, timeout_seconds=seconds):
            log.info("unmerge_left_for_later", area=OWN_AREA, merge_id=order.merge_id, reason="BEHIND")
            return False
        return await self._undo_in(OWN_AREA, order, origin, budget)

    async def _release(self, area: str, order: UnmergeOrder, origin: Origin, budget: Budget) -> None:
        seconds = budget.share_seconds(CALL_SHARE)
        if area != OWN_AREA:
            await self._area_merges.release(area, order, timeout_seconds=seconds)
            return
        async with asyncio.timeout(seconds):
            await self._partings.release(
                merge_id=order.merge_id,
                source_customer_id=order.source_customer_id,
                survivor_customer_id=order.survivor_customer_id,
                origin=origin,
            )


def _leave(area: str, merge_id: str, error: OmnithreadError | TimeoutError) -> None:
    reason = error.reason if isinstance(error, OmnithreadError) else "DEADLINE_EXCEEDED"
    log.info("unmerge_left_for_later", area=area, merge_id=merge_id, reason=reason)
