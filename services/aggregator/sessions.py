"""Starts sessions: who is it, which journey is it, and everything that the channel must know to carry on.

Needs profile and the aggregator's own database. A retry is safe at every step: it identifies under the same request id,
merges that are done are found done, and the session is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.errors import OmnithreadError, Status, dependency_unavailable
from libs.mongo.values import Outcome
from libs.origin import Origin, Stamp
from libs.telemetry.journey import add_journey_labels
from omnithread.context.v1.context_service_pb2 import StartSessionRequest
from omnithread.profile.v1.profile_pb2 import Identifier
from omnithread.profile.v1.profile_service_pb2 import (
    GetProfileRequest,
    IdentifyOutcome,
    IdentifyRequest,
    IdentifyResponse,
    SetAsideIdentifier,
)
from services.aggregator.budget import Budget
from services.aggregator.context import AREAS, ContextRead, SectionRead, wanted_sections
from services.aggregator.journeys import spans
from services.aggregator.merging import Merges
from services.aggregator.operations import Journeys
from services.aggregator.reading import ContextReader
from services.aggregator.sources import Sources, profile_section
from services.aggregator.values import Thread

IDENTIFY_SHARE = 0.6
"""Of the caller's time: without profile there is no answer, so it may have most of it."""
MERGE_SHARE = 0.4
EVERY_AREA = frozenset(AREAS.values())


@dataclass(frozen=True, slots=True)
class StartedSession:
    """What came of a start."""

    customer_id: str
    session_id: str
    journey_id: str
    outcome: IdentifyOutcome.ValueType
    set_aside: Sequence[SetAsideIdentifier]
    last_touchpoint_traceparent: str
    context: ContextRead
    replayed: bool


class Sessions:
    """Begins visits, and reads contexts for those who only look."""

    def __init__(
        self,
        *,
        journeys: Journeys,
        sources: Sources,
        merges: Merges,
        reader: ContextReader,
    ) -> None:
        self._journeys = journeys
        self._sources = sources
        self._merges = merges
        self._reader = reader

    async def start(self, request: StartSessionRequest, *, stamp: Stamp, budget: Budget) -> StartedSession:
        """Identify, complete what is pending, note the session, and read the context.

        Raises profile's refusals as they are, and DEPENDENCY_UNAVAILABLE where profile does not answer.
        """
        identified = await self._identify(request, budget)
        customer_id = identified.profile.customer_id
        add_journey_labels(customer_id=customer_id)
        if identified.pending_merges:
            # Before the session is noted: it may be one that the customer began as somebody else.
            await self._merges.complete(
                identified.pending_merges,
                customer_id,
                areas=EVERY_AREA,
                origin=stamp.origin,
                budget=budget.part(MERGE_SHARE),
            )
        outcome = await self._journeys.start_session(
            customer_id, request.session_id, stamp, entrance_customer_id=identified.entrance_customer_id
        )
        session_id, journey_id = outcome.facts["session_id"], _journey_id_today(outcome)
        add_journey_labels(session_id=session_id, journey_id=journey_id)
        context = await self._reader.read(
            customer_id,
            wanted=wanted_sections(request.sections),
            origin=stamp.origin,
            budget=budget,
            # What merging changed is read again.
            profile=None if identified.pending_merges else profile_section(identified.profile, identified.head),
        )
        return StartedSession(
            customer_id=context.context.customer_id,
            session_id=session_id,
            journey_id=journey_id,
            outcome=identified.outcome,
            set_aside=identified.set_aside,
            last_touchpoint_traceparent=outcome.facts["last_traceparent"],
            context=context,
            replayed=outcome.replayed,
        )

    async def read(
        self,
        *,
        customer_id: str,
        identifier: Identifier | None,
        sections: Sequence[int],
        origin: Origin,
        budget: Budget,
    ) -> ContextRead:
        """Read the context of a customer named by id, or by an identifier, which profile has to look up first."""
        profile: SectionRead | None = None
        if identifier is not None:
            profile = await self._find(identifier, budget)
            customer_id = profile.customer_id
            add_journey_labels(customer_id=customer_id)
        return await self._reader.read(
            customer_id, wanted=wanted_sections(sections), origin=origin, budget=budget, profile=profile
        )

    async def _identify(self, request: StartSessionRequest, budget: Budget) -> IdentifyResponse:
        asked = IdentifyRequest(
            identifiers=request.identifiers,
            traits=request.traits,
            given_name=request.given_name,
            family_name=request.family_name,
            request_id=request.request_id,
            issue_time=request.issue_time,
        )
        try:
            return await self._sources.identify(asked, timeout_seconds=budget.share_seconds(IDENTIFY_SHARE))
        except OmnithreadError as error:
            raise _needed(error) from error

    async def _find(self, identifier: Identifier, budget: Budget) -> SectionRead:
        asked = GetProfileRequest(identifier=identifier)
        try:
            found = await self._sources.find(asked, timeout_seconds=budget.share_seconds(IDENTIFY_SHARE))
        except OmnithreadError as error:
            raise _needed(error) from error
        return profile_section(found.profile, found.head)


def _journey_id_today(outcome: Outcome[Thread]) -> str:
    """Give the session's journey under the name that it has now: a late touchpoint may have made two one."""
    told = outcome.facts["journey_id"]
    return next((s.journey_id for s in spans(outcome.saved.state.timeline) if s.is_named(told)), told)


def _needed(error: OmnithreadError) -> OmnithreadError:
    """Without profile's answer there is none: what it refuses is passed on, and its silence is named."""
    if error.status in {Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED}:
        return dependency_unavailable("profile")
    return error
