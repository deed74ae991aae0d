"""Puts together what a merge did: profile knows the merge, each area what it did with what it keeps."""

import asyncio
from dataclasses import dataclass

from libs.errors import OmnithreadError, Status, dependency_unavailable
from libs.merged_things import things_to_proto
from libs.mongo.record import Records
from libs.rpc.call import call_or_none
from omnithread.context.v1.context_service_pb2 import AreaMergeOutcome, ExplainMergeResponse
from services.aggregator.area_merges import OTHER_AREAS, AreaMerges
from services.aggregator.budget import Budget
from services.aggregator.events import Event
from services.aggregator.merging import OWN_AREA
from services.aggregator.scoping import areas_closed_to
from services.aggregator.values import Thread

PROFILE_SHARE = 0.6
AREAS_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Explaining:
    """Asks everybody what a merge did."""

    records: Records[Thread, Event]
    area_merges: AreaMerges

    async def explain(self, customer_id: str, merge_id: str, *, budget: Budget) -> ExplainMergeResponse:
        """Give a merge thing by thing, in the areas that the caller's scopes open.

        An area that they do not open, that has not absorbed it, or does not answer, is named as missing.

        Raises profile's CUSTOMER_NOT_FOUND and MERGE_NOT_FOUND, and DEPENDENCY_UNAVAILABLE without its answer.
        """
        try:
            decided = await self.area_merges.decided(
                merge_id, customer_id, timeout_seconds=budget.share_seconds(PROFILE_SHARE)
            )
        except OmnithreadError as error:
            if error.status in {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}:
                raise dependency_unavailable("profile") from error
            raise
        closed = areas_closed_to(call_or_none())
        asked = tuple(area for area in (*OTHER_AREAS, OWN_AREA) if area not in closed)
        seconds = budget.share_seconds(AREAS_SHARE)
        found = await asyncio.gather(*(self._outcome(area, merge_id, customer_id, seconds) for area in asked))
        of_profile = AreaMergeOutcome(area="profile", things=decided.things)
        return ExplainMergeResponse(
            merge=decided.merge,
            areas=[of_profile, *(outcome for outcome in found if outcome is not None)],
            missing_areas=sorted(
                {*closed, *(area for area, outcome in zip(asked, found, strict=True) if outcome is None)}
            ),
        )

    async def _outcome(
        self, area: str, merge_id: str, customer_id: str, timeout_seconds: float
    ) -> AreaMergeOutcome | None:
        try:
            if area != OWN_AREA:
                return await self.area_merges.outcome(area, merge_id, customer_id, timeout_seconds=timeout_seconds)
            report = await self.records.merge_report(merge_id, customer_id)
            return AreaMergeOutcome(area=area, things=things_to_proto(report.things))
        except OmnithreadError:
            return None
