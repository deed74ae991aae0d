"""What is asked of the areas about merges: to undo one, and what one did. As the suite's own business, in our name."""

from dataclasses import dataclass
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from omnithread.cart.v1 import cart_internal_service_pb2 as cart_pb
from omnithread.context.v1.context_service_pb2 import AreaMergeOutcome
from omnithread.messaging.v1 import messaging_internal_service_pb2 as messaging_pb
from omnithread.preference.v1 import preference_internal_service_pb2 as preference_pb
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
        sources = self.sources
        match area:
            case "cart":
                to_cart = cart_pb.ReleaseCustomerRequest(**fields)
                await answered(area, sources.cart_internal.ReleaseCustomer(to_cart, timeout=timeout_seconds))
            case "preference":
                to_preference = preference_pb.ReleaseCustomerRequest(**fields)
                call = sources.preference_internal.ReleaseCustomer(to_preference, timeout=timeout_seconds)
                await answered(area, call)
            case "messaging":
                to_messaging = messaging_pb.ReleaseCustomerRequest(**fields)
                await answered(area, sources.messaging_internal.ReleaseCustomer(to_messaging, timeout=timeout_seconds))
            case _:
                raise ValueError(area)

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
        fields = {"merge_id": merge_id, "survivor_customer_id": survivor_customer_id}
        sources = self.sources
        match area:
            case "cart":
                of_cart = cart_pb.GetMergeOutcomeRequest(**fields)
                lines = await answered(area, sources.cart_internal.GetMergeOutcome(of_cart, timeout=timeout_seconds))
                return AreaMergeOutcome(area=area, things=lines.things, policy=lines.policy)
            case "preference":
                of_preference = preference_pb.GetMergeOutcomeRequest(**fields)
                call = sources.preference_internal.GetMergeOutcome(of_preference, timeout=timeout_seconds)
                words = await answered(area, call)
                return AreaMergeOutcome(area=area, things=words.things, policy=words.policy)
            case "messaging":
                of_messaging = messaging_pb.GetMergeOutcomeRequest(**fields)
                told = sources.messaging_internal.GetMergeOutcome(of_messaging, timeout=timeout_seconds)
                messages = await answered(area, told)
                return AreaMergeOutcome(area=area, things=messages.things, policy=messages.policy)
            case _:
                raise ValueError(area)
