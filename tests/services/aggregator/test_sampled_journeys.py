"""Of a share of journeys everything is kept: what services, consumers and relays did, whatever flag the caller sent."""

import secrets
from dataclasses import dataclass

import grpc
import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import omnithread
from libs.telemetry.sampling import FAILED, JourneySampler
from libs.telemetry.tracing import tracer_provider
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_CART_CHANGED, Touchpoint
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.aggregator.company import company_with, item, visitor
from tests.services.calls import until
from tests.services.running import Services

RATIO = 0.3
OF_EACH = 2
MOST_VISITORS = 100


@dataclass(frozen=True)
class Visit:
    journey_id: str
    is_kept: bool
    start: str
    """The trace in which it began."""
    cart: str
    refused: str


def off(trace_id: str) -> tuple[tuple[str, str], ...]:
    """What a caller sends who does not keep the trace."""
    return (("traceparent", f"00-{trace_id}-{secrets.token_hex(8)}-00"),)


async def test_a_kept_journey_is_kept_whole_and_of_another_only_starts_and_failures(own_services: Services) -> None:
    kept = InMemorySpanExporter()
    provider = tracer_provider(service="suite", ratio=RATIO, processor=SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    await own_services.start(PROFILE, tracer=tracer)
    await own_services.start(CART, tracer=tracer)
    company = company_with(own_services, await own_services.start(AGGREGATOR, tracer=tracer))
    sampler = JourneySampler(RATIO)
    visits: list[Visit] = []
    for _ in range(MOST_VISITORS):
        if min(sum(one.is_kept is kind for one in visits) for kind in (True, False)) >= OF_EACH:
            break
        traces = [secrets.token_hex(16) for _ in range(3)]
        started = await company.web.context.StartSession(
            pb.StartSessionRequest(identifiers=[visitor()]), metadata=off(traces[0])
        )
        is_kept = sampler._in_ratio(started.journey_id)
        with omnithread.carry(omnithread.Labels(journey_id=started.journey_id, session_id=started.session_id)):
            await company.web.cart.AddItem(item(started.customer_id), metadata=off(traces[1]))
            with pytest.raises(grpc.RpcError):
                await company.web.cart.AddItem(item(started.customer_id, quantity=0), metadata=off(traces[2]))

        async def heard(customer_id: str = started.customer_id) -> list[Touchpoint]:
            journey = await company.web.context.GetJourney(pb.GetJourneyRequest(customer_id=customer_id))
            return [one for one in journey.touchpoints if one.kind == TOUCHPOINT_KIND_CART_CHANGED]

        await until(heard)
        visits.append(Visit(started.journey_id, is_kept, *traces))

    def of(trace_id: str, *, failed: bool = False) -> list[str]:
        """Give the spans of a trace; on a machine that is slow a call may fail on the way, which is kept by itself."""
        ended = [span for span in kept.get_finished_spans() if FAILED in (span.attributes or {}) or not failed]
        wanted = ended if failed else [span for span in ended if FAILED not in (span.attributes or {})]
        return [span.name for span in wanted if span.context and f"{span.context.trace_id:032x}" == trace_id]

    async def all_kept() -> bool:
        whole = {"AddItem", "send", "process"}
        return all(
            whole <= {name.rpartition("/")[2].partition(" ")[0] for name in of(one.cart)}
            for one in visits
            if one.is_kept
        )

    assert await until(all_kept)
    for visit in visits:
        assert any(name.endswith("/StartSession") for name in of(visit.start))
        assert any(name.endswith("/AddItem") for name in of(visit.refused, failed=not visit.is_kept))
        if not visit.is_kept:
            assert of(visit.cart) == []
    provider.shutdown()
