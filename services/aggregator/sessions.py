"""Starts sessions: who is it, which journey is it, and everything that the channel must know to carry on.

Needs profile and the aggregator's own database. A retry is safe at every step: it identifies under the same request id,
merges that are done are found done, and the session is the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.mongo.values import Outcome
from libs.origin import Stamp
from libs.telemetry.journey import add_journey_labels
from omnithread.context.v1.context_service_pb2 import HandoverResult, StartSessionRequest
from omnithread.profile.v1.profile_service_pb2 import IdentifyOutcome, SetAsideIdentifier
from services.aggregator import errors
from services.aggregator.arrivals import Arrival, identified_arrival
from services.aggregator.budget import Budget
from services.aggregator.context import AREAS, ContextRead, wanted_sections
from services.aggregator.handovers import Handovers
from services.aggregator.identifying import Identifying
from services.aggregator.journey_spans import spans
from services.aggregator.merging import Merges
from services.aggregator.operations import Journeys
from services.aggregator.reading import ContextReader
from services.aggregator.sources import Sources
from services.aggregator.values import Thread
from services.aggregator.withholding import PERSONAL, without_person

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
    handover: HandoverResult | None
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
        self._identifying = Identifying(sources)
        self._handovers = Handovers(sources=sources, identifying=self._identifying)
        self._merges = merges
        self._reader = reader

    async def start(self, request: StartSessionRequest, *, stamp: Stamp, budget: Budget) -> StartedSession:
        """Find out who has come, complete what is pending, note the session, and read the context.

        Raises IDENTIFIER_NEEDED, profile's refusals and those of hand-overs as they are, and DEPENDENCY_UNAVAILABLE
        where profile does not answer, or with a hand-over cart.
        """
        arrival = await self._arrive(request, budget)
        customer_id = arrival.customer_id
        add_journey_labels(customer_id=customer_id)
        if arrival.pending_merges:
            # Before the session is noted: it may be one that the customer began as somebody else.
            await self._merges.complete(
                arrival.pending_merges,
                customer_id,
                areas=EVERY_AREA,
                origin=stamp.origin,
                budget=budget.part(MERGE_SHARE),
            )
        outcome = await self._journeys.start_session(
            customer_id, request.session_id, stamp, entrance_customer_id=arrival.entrance_customer_id
        )
        session_id, journey_id = outcome.facts["session_id"], _journey_id_today(outcome)
        add_journey_labels(session_id=session_id, journey_id=journey_id)
        wanted = wanted_sections(request.sections)
        context = await self._reader.read(
            customer_id,
            wanted=wanted - PERSONAL if arrival.withheld else wanted,
            origin=stamp.origin,
            budget=budget,
            # What merging changed is read again.
            known=() if arrival.pending_merges or arrival.profile is None else (arrival.profile,),
        )
        return StartedSession(
            customer_id=context.context.customer_id,
            session_id=session_id,
            journey_id=journey_id,
            outcome=arrival.outcome,
            set_aside=arrival.set_aside,
            last_touchpoint_traceparent=outcome.facts["last_traceparent"],
            context=without_person(context, wanted) if arrival.withheld else context,
            handover=arrival.handover,
            replayed=outcome.replayed,
        )

    async def _arrive(self, request: StartSessionRequest, budget: Budget) -> Arrival:
        if request.WhichOneof("handover") is not None:
            return await self._handovers.arrive(request, budget)
        if not request.identifiers:
            raise errors.identifier_needed()
        return identified_arrival(await self._identifying.identify(request, budget))


def _journey_id_today(outcome: Outcome[Thread]) -> str:
    """Give the session's journey under the name that it has now: a late touchpoint may have made two one."""
    told = outcome.facts["journey_id"]
    return next((s.journey_id for s in spans(outcome.saved.state.timeline) if s.is_named(told)), told)
