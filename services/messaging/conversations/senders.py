"""Finds whose address a mail names as its sender: by what profile knows as verified."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from libs.contact_points import normal_email
from libs.errors import Status, invalid_field
from libs.rpc.status import error_from_rpc
from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_EMAIL, Identifier
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest

if TYPE_CHECKING:  # the classes of stubs on an asyncio channel are known to type checkers only
    from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub

TIMEOUT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Senders:
    """Asks profile, as this service."""

    profile: "ProfileServiceAsyncStub"

    async def find(self, address: str) -> str:
        """Give the customer whose verified address this is; empty where it is nobody's. One call.

        Raises INVALID_FIELD where it is no address, and DEPENDENCY_UNAVAILABLE.
        """
        try:
            value = normal_email(address)
        except ValueError:
            raise invalid_field("from_address", "no e-mail address") from None
        request = GetProfileRequest(identifier=Identifier(kind=IDENTIFIER_KIND_EMAIL, value=value))
        try:
            answer = await self.profile.GetProfile(request, timeout=TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as raised:
            error = error_from_rpc(raised, dependency="profile")
            if error.status is Status.NOT_FOUND or error.reason == "IDENTIFIER_INVALID":
                return ""
            raise error from None
        return answer.profile.customer_id
