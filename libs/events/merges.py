"""Listens to profile: where two customers became one, what a service keeps of them does too.

Usually the aggregator has asked for it by then (`AbsorbCustomer`), since somebody wants to see the one customer at
once; this is what happens where nobody looked. Both ways may run at the same time, and twice.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from google.protobuf.message import Message

from libs.origin import Origin
from libs.timestamps import from_timestamp
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from omnithread.profile.v1.profile_internal_service_pb2 import CompleteMergeRequest

if TYPE_CHECKING:
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub


class Absorb(Protocol):
    """Seals the source's record and takes over what it held; safe to repeat."""

    async def __call__(
        self, *, merge_id: str, source_customer_id: str, survivor_customer_id: str, origin: Origin
    ) -> object:
        """Do it."""


class AbsorbDated(Protocol):
    """The same, told when the merge was decided: what was said before it may count otherwise than what after it."""

    async def __call__(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        origin: Origin,
        merge_time: datetime,
    ) -> object:
        """Do it."""


def undated(absorb: Absorb) -> AbsorbDated:
    """Adapt what an area does where it does not matter when the merge was decided."""

    async def dated(
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        origin: Origin,
        merge_time: datetime,  # noqa: ARG001  what is left out here
    ) -> object:
        return await absorb(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
        )

    return dated


class MergeListener:
    """Absorbs merged customers, and tells profile that this area is done with it."""

    def __init__(
        self,
        *,
        area: str,
        absorb: AbsorbDated,
        profile: "ProfileInternalServiceAsyncStub",
        call_timeout_seconds: float = 5.0,
    ) -> None:
        self._area = area
        self._absorb = absorb
        self._profile = profile
        self._call_timeout_seconds = call_timeout_seconds

    async def handle(self, _area: str, event: Message) -> None:
        """Take in one event of profile; what is no merge is left alone."""
        if not isinstance(event, ProfileEvent) or not event.HasField("customers_merged"):
            return
        merged = event.customers_merged
        survivor_customer_id = event.header.customer_id
        await self._absorb(
            merge_id=merged.merge_id,
            source_customer_id=merged.source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=Origin.system(f"{self._area}-merge", traceparent=event.header.traceparent),
            merge_time=from_timestamp(event.header.occur_time),
        )
        await self._profile.CompleteMerge(
            CompleteMergeRequest(merge_id=merged.merge_id, survivor_customer_id=survivor_customer_id, area=self._area),
            timeout=self._call_timeout_seconds,
        )
