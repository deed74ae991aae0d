"""What is asked of the areas about merges: to undo one, and what one did. As the suite's own business, in our name."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from omnithread.context.v1.context_service_pb2 import AreaMergeOutcome
from omnithread.profile.v1 import profile_internal_service_pb2 as profile_pb
from services.aggregator.sources import Sources, answered

OTHER_AREAS = ("cart", "preference", "messaging")
"""Who is asked about merges beside profile, which decides on them."""


@dataclass(frozen=True, slots=True)
class UnmergeOrder:
    """One merge that profile has undone."""

    merge_id: str
    source_customer_id: str
    survivor_customer_id: str
    merge_time: Timestamp
    source_session_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AreaMerges:
    """Asks one area at a time; what goes wrong is that area's own error."""

    sources: Sources

    async def release(self, area: str, order: UnmergeOrder, *, timeout_seconds: float) -> None:
        """Let another service undo a merge now."""
        fields: dict[str, Any] = {
            "merge_id": order.merge_id,
            "source_customer_id": order.source_customer_id,
            "survivor_customer_id": order.survivor_customer_id,
            "merge_time": order.merge_time,
            "source_session_ids": order.source_session_ids,
        }
        stub, messages = self.sources.internal(area)
        request = messages.ReleaseCustomerRequest(**fields)
        await answered(area, stub.ReleaseCustomer(request, timeout=timeout_seconds))

    async def complete(self, area: str, order: UnmergeOrder, *, timeout_seconds: float) -> None:
        """Tell profile that an area has undone a merge."""
        request = profile_pb.CompleteUnmergeRequest(
            merge_id=order.merge_id, survivor_customer_id=order.survivor_customer_id, area=area
        )
        await answered("profile", self.sources.profile_internal.CompleteUnmerge(request, timeout=timeout_seconds))

    async def decided(
        self, merge_id: str, survivor_customer_id: str, *, timeout_seconds: float
    ) -> profile_pb.GetMergeOutcomeResponse:
        """Give the merge as profile decided it, with what it did there. Raises MERGE_NOT_FOUND."""
        request = profile_pb.GetMergeOutcomeRequest(merge_id=merge_id, survivor_customer_id=survivor_customer_id)
        call = self.sources.profile_internal.GetMergeOutcome(request, timeout=timeout_seconds)
        return await answered("profile", call)

    async def outcome(
        self, area: str, merge_id: str, survivor_customer_id: str, *, timeout_seconds: float
    ) -> AreaMergeOutcome:
        """Give what a merge did in another service. Raises MERGE_OUTCOME_NOT_FOUND."""
        stub, messages = self.sources.internal(area)
        request = messages.GetMergeOutcomeRequest(merge_id=merge_id, survivor_customer_id=survivor_customer_id)
        outcome = await answered(area, stub.GetMergeOutcome(request, timeout=timeout_seconds))
        return AreaMergeOutcome(area=area, things=outcome.things, policy=outcome.policy)
