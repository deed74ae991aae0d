"""Whether one customer became another by merging: then a watcher is led on, else its stream ends."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from libs.errors import OmnithreadError, Status
from omnithread.profile.v1.profile_internal_service_pb2 import ResolveCustomerRequest
from services.aggregator.sources import answered

if TYPE_CHECKING:  # the class of a stub on an asyncio channel is known to type checkers only
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub

TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Lineage:
    """Asks profile, in our own name."""

    profile: "ProfileInternalServiceAsyncStub"

    async def leads(self, customer_id: str, *, to: str) -> bool:
        """Say whether both are one customer by now; `to` may have been merged away itself since it was read.

        Raises DEPENDENCY_UNAVAILABLE where profile does not answer.
        """
        standing_id = await self._standing(customer_id)
        return standing_id is not None and (standing_id == to or standing_id == await self._standing(to))

    async def _standing(self, customer_id: str) -> str | None:
        request = ResolveCustomerRequest(customer_id=customer_id)
        try:
            answer = await answered("profile", self.profile.ResolveCustomer(request, timeout=TIMEOUT_SECONDS))
        except OmnithreadError as error:
            if error.status in {Status.NOT_FOUND, Status.FAILED_PRECONDITION}:
                return None
            raise
        return answer.customer_id
