"""Answers `GetCustomerContext`: from what is kept where that will do, and from the services else.

What is read is kept for the next one, whoever asked for it and however.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from libs.clock import Clock
from libs.origin import Origin
from libs.rpc.call import current_call
from libs.telemetry.journey import add_journey_labels
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest, GetCustomerContextResponse
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.aggregator.budget import Budget
from services.aggregator.context import ContextRead, SectionRead, wanted_sections
from services.aggregator.identifying import Identifying
from services.aggregator.keeping.kept import KeptContexts
from services.aggregator.keeping.metrics import MEMORY, PARTLY, SERVICES, KeepingMetrics
from services.aggregator.keeping.new_enough import Wish, sections_to_ask
from services.aggregator.reading import ContextReader
from services.aggregator.sources import profile_section
from services.aggregator.subject import Subject


@dataclass(frozen=True, slots=True)
class Contexts:
    """Gives contexts to channels."""

    identifying: Identifying
    reader: ContextReader
    kept: KeptContexts
    metrics: KeepingMetrics
    clock: Clock

    async def get(
        self, request: GetCustomerContextRequest, *, origin: Origin, budget: Budget
    ) -> GetCustomerContextResponse:
        """Give the context of a customer named by id, or by an identifier, which profile has to look up first.

        Raises CUSTOMER_NOT_FOUND, INVALID_FIELD for a token that nobody was given, and with an identifier profile's
        refusals and DEPENDENCY_UNAVAILABLE.
        """
        wish = Wish.of(request)
        customer_id, known = request.customer_id, dict[int, SectionRead]()
        if request.HasField("identifier"):
            began = self.clock()
            found = await self.identifying.find(GetProfileRequest(identifier=request.identifier), budget)
            profile = replace(profile_section(found.profile, found.head), read_time=began)
            customer_id, known = profile.customer_id, {profile.section: profile}
            add_journey_labels(customer_id=customer_id)
        subject = Subject.of(customer_id, wanted_sections(request.sections), current_call().caller)
        source = SERVICES
        if wish is not None and (kept := self.kept.get(subject)) is not None:
            asked = sections_to_ask(kept, wish, self.clock())
            if not asked:
                self.metrics.reads.labels(MEMORY).inc()
                return kept.answer
            still_good = {section: read for section, read in kept.read.reads.items() if section not in asked}
            source = PARTLY if still_good else SERVICES
            known = still_good | known
        self.metrics.reads.labels(source).inc()
        return await self._read(subject, known.values(), origin=origin, budget=budget)

    async def _read(
        self, subject: Subject, known: Collection[SectionRead], *, origin: Origin, budget: Budget
    ) -> GetCustomerContextResponse:
        filling = self.kept.begin(subject)
        read, answer = None, None
        try:
            read = await self.reader.read(
                subject.customer_id, wanted=subject.wanted, origin=origin, budget=budget, known=known
            )
            answer = answer_of(read)
        finally:
            self.kept.end(filling, read, answer)
        return answer


def answer_of(read: ContextRead) -> GetCustomerContextResponse:
    """Write what was read."""
    return GetCustomerContextResponse(
        context=read.context,
        problems=read.problems_to_proto(),
        cart_price=read.beside.price,
        other_channel_prices=read.beside.other_channel_prices,
        cart_problems=read.beside.problems,
        read_times=read.read_times_to_proto(),
        token=read.token(),
    )
