"""Asks profile who somebody is: without its answer no visit begins, so what it refuses is passed on as it is."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from libs.errors import OmnithreadError, Status, dependency_unavailable
from omnithread.context.v1.context_service_pb2 import StartSessionRequest
from omnithread.profile.v1.profile_pb2 import Identifier
from omnithread.profile.v1.profile_service_pb2 import (
    GetProfileRequest,
    GetProfileResponse,
    IdentifyRequest,
    IdentifyResponse,
)
from services.aggregator.budget import Budget
from services.aggregator.sources import Sources

IDENTIFY_SHARE = 0.6
"""Of the caller's time: without profile there is no answer, so it may have most of it."""
NOT_FOUND = "CUSTOMER_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Identifying:
    """The questions. All raise profile's refusals, and DEPENDENCY_UNAVAILABLE where it does not answer."""

    sources: Sources

    async def identify(
        self, request: StartSessionRequest, budget: Budget, *, continued_guest_id: str = ""
    ) -> IdentifyResponse:
        """Find or make the customer whom the identifiers name; with a hand-over, who made it may be that customer."""
        asked = IdentifyRequest(
            identifiers=request.identifiers,
            traits=request.traits,
            given_name=request.given_name,
            family_name=request.family_name,
            request_id=request.request_id,
            issue_time=request.issue_time,
            continued_guest_id=continued_guest_id,
        )
        try:
            return await self.sources.identify(asked, timeout_seconds=budget.share_seconds(IDENTIFY_SHARE))
        except OmnithreadError as error:
            raise needed(error, "profile") from error

    async def find(self, asked: GetProfileRequest, budget: Budget, *, own: bool = False) -> GetProfileResponse:
        """Give a customer's profile, by id or by one identifier. Changes nothing. Raises CUSTOMER_NOT_FOUND too.

        `own`: in our own name, where it is asked what follows for the visit, and not what is shown.
        """
        try:
            return await self.sources.find(asked, timeout_seconds=budget.share_seconds(IDENTIFY_SHARE), own=own)
        except OmnithreadError as error:
            raise needed(error, "profile") from error

    async def named_by(self, identifiers: Iterable[Identifier], budget: Budget) -> frozenset[str]:
        """Give all customers to whom one of these identifiers leads, without linking any. One call for each.

        In our own name: it is not told to the channel.
        """
        found = await asyncio.gather(*(self._named_by(identifier, budget) for identifier in identifiers))
        return frozenset(customer_id for customer_id in found if customer_id)

    async def _named_by(self, identifier: Identifier, budget: Budget) -> str:
        try:
            return (await self.find(GetProfileRequest(identifier=identifier), budget, own=True)).profile.customer_id
        except OmnithreadError as error:
            if error.reason == NOT_FOUND:
                return ""
            raise


def needed(error: OmnithreadError, dependency: str) -> OmnithreadError:
    """Without this service's answer there is none: what it refuses is passed on, and its silence is named."""
    if error.status in {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}:
        return dependency_unavailable(dependency)
    return error
