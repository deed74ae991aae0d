"""Whether a customer exists: profile knows, the others ask it once and remember."""

from typing import TYPE_CHECKING

import grpc

from libs.errors import CUSTOMER_ERASED, OmnithreadError, Status, customer_not_found, dependency_unavailable
from libs.rpc.status import error_from_rpc
from omnithread.profile.v1.profile_internal_service_pb2 import ResolveCustomerRequest

if TYPE_CHECKING:  # the class of a stub on an asyncio channel is known to type checkers only
    from omnithread.profile.v1.profile_internal_service_pb2_grpc import ProfileInternalServiceAsyncStub

TIMEOUT_SECONDS = 2.0


class CustomerDirectory:
    """Asks profile's internal service, and keeps up to `max_known` ids that exist.

    Only ids that stand for themselves are kept, since a merged one may be merged on. A customer known here who is
    merged later is found by the record that the merge sealed, not by this.
    """

    def __init__(self, stub: "ProfileInternalServiceAsyncStub", max_known: int = 100_000) -> None:
        self._stub = stub
        self._max_known = max_known
        self._known: dict[str, None] = {}

    async def admit(self, customer_id: str) -> str:
        """Give the id of the customer who stands for `customer_id` today.

        Raises CUSTOMER_NOT_FOUND, CUSTOMER_ERASED, or DEPENDENCY_UNAVAILABLE where profile does not answer.
        """
        if customer_id in self._known:
            return customer_id
        try:
            answer = await self._stub.ResolveCustomer(
                ResolveCustomerRequest(customer_id=customer_id), timeout=TIMEOUT_SECONDS
            )
        except grpc.aio.AioRpcError as raised:
            error = error_from_rpc(raised, dependency="profile")
            if error.status is Status.NOT_FOUND or error.reason == CUSTOMER_ERASED:
                raise error from raised
            raise dependency_unavailable("profile") from raised
        if answer.customer_id == customer_id:
            self._remember(customer_id)
        return answer.customer_id

    async def exists_as_far_as_known(self, customer_id: str) -> bool:
        """Say whether a read may answer for this id: False only where profile says that nobody has it."""
        try:
            await self.admit(customer_id)
        except OmnithreadError as error:
            return error.status is not Status.NOT_FOUND and error.reason != CUSTOMER_ERASED
        return True

    async def standing_as_far_as_known(self, customer_id: str) -> str:
        """Give the id under which a read looks for a customer without a record of its own here.

        That is who stands for it today, or the id itself where profile does not answer. Raises CUSTOMER_NOT_FOUND.
        """
        try:
            return await self.admit(customer_id)
        except OmnithreadError as error:
            if error.reason == CUSTOMER_ERASED:
                raise customer_not_found(customer_id) from error
            if error.status is Status.NOT_FOUND:
                raise
            return customer_id

    def _remember(self, customer_id: str) -> None:
        if len(self._known) >= self._max_known:
            del self._known[next(iter(self._known))]
        self._known[customer_id] = None
