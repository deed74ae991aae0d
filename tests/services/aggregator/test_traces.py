from collections.abc import Callable

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from libs.telemetry.tracing import tracer_provider
from omnithread.context.v1 import context_service_pb2 as pb
from services.aggregator.service import SERVICE as AGGREGATOR
from tests.services.aggregator.company import FOUR, company_with, item, start_of_session, visitor
from tests.services.calls import until
from tests.services.running import Services

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE = (("traceparent", f"00-{TRACE_ID}-00f067aa0ba902b7-01"),)


async def test_a_trace_leads_to_the_journey_and_the_journey_back_to_each_trace(own_services: Services) -> None:
    kept = InMemorySpanExporter()
    provider = tracer_provider(service="suite", ratio=1.0, processor=SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("test")
    for service in FOUR[:2]:
        await own_services.start(service, tracer=tracer)
    company = company_with(own_services, await own_services.start(AGGREGATOR, tracer=tracer))

    started = await company.web.context.StartSession(start_of_session(visitor()), metadata=TRACE)
    (start,) = spans_of(kept, lambda span: span.name.endswith("/StartSession"))
    assert (
        dict(start.attributes or {}).items()
        >= {
            "journey.id": started.journey_id,
            "session.id": started.session_id,
            "customer.id": started.customer_id,
            "channel.id": "web-shop",
        }.items()
    )
    assert trace_id_of(start) == TRACE_ID
    called = {span.name for span in spans_of(kept, lambda span: span.kind is SpanKind.SERVER)}
    assert {name.rpartition("/")[2] for name in called} >= {"StartSession", "Identify", "GetCart"}

    await company.store.cart.AddItem(item(started.customer_id), metadata=TRACE)

    async def handled() -> list[ReadableSpan]:
        return spans_of(kept, _is_heard_by_aggregator)

    (consumed, *_) = await until(handled)
    assert trace_id_of(consumed) == TRACE_ID
    assert dict(consumed.attributes or {})["journey.id"] == started.journey_id
    asked = pb.GetJourneyRequest(customer_id=started.customer_id, journey_id=started.journey_id)
    journey = await company.web.context.GetJourney(asked)
    assert {t.traceparent.split("-")[1] for t in journey.touchpoints} == {TRACE_ID}
    provider.shutdown()


def spans_of(kept: InMemorySpanExporter, wanted: Callable[[ReadableSpan], bool]) -> list[ReadableSpan]:
    return [span for span in kept.get_finished_spans() if wanted(span)]


def _is_heard_by_aggregator(span: ReadableSpan) -> bool:
    """Profile listens to cart too."""
    group = str(dict(span.attributes or {}).get("messaging.consumer.group.name", ""))
    return span.kind is SpanKind.CONSUMER and "cart" in span.name and group.endswith("aggregator")


def trace_id_of(span: ReadableSpan) -> str:
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}"
