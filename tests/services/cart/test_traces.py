"""One customer, one thread, in the traces too: an announcement leads back to what it is about."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import omnithread
from libs.clock import system_clock
from libs.telemetry.propagation import span_context_of
from libs.telemetry.tracing import tracer_provider
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from services.cart.service import SERVICE as CART
from services.profile.service import SERVICE as PROFILE
from tests.services.calls import until
from tests.services.cart.shop import item, shop_at
from tests.services.running import Services


@dataclass
class MovableClock:
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return system_clock() + self.ahead


@pytest.mark.parametrize(("pause", "goes_on"), [(timedelta(minutes=4), True), (timedelta(hours=2), False)])
async def test_an_abandoned_cart_leads_back_to_the_customers_last_change(
    mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path, pause: timedelta, goes_on: bool
) -> None:
    spans, clock = InMemorySpanExporter(), MovableClock()
    tracer = tracer_provider(service="cart", ratio=1.0, processor=SimpleSpanProcessor(spans)).get_tracer("test")
    async with Services(
        mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path
    ) as services:
        await services.start(PROFILE)
        patience: dict[str, Any] = {"idle_after_seconds": pause.total_seconds(), "idle_sweep_seconds": 0.05}
        shop = shop_at(services, await services.start(CART, clock=clock, tracer=tracer, **patience))
        customer_id = await shop.new_customer()
        with omnithread.carry(omnithread.Labels(journey_id="jrn_1", session_id="ses_1")):
            await shop.web.AddItem(item(customer_id))
        clock.ahead = pause

        async def both() -> list[CartEvent]:
            events = await shop.events(customer_id)
            return events if len(events) == 2 else []

        added, abandoned = await until(both)

    cause, effect = span_context_of(added.header.traceparent), span_context_of(abandoned.header.traceparent)
    assert cause is not None
    assert effect is not None
    assert (cause.trace_id == effect.trace_id) is goes_on
    announced = span_of(spans, effect.span_id)
    assert announced.attributes is not None
    assert announced.attributes["journey.id"] == "jrn_1"
    assert announced.attributes["customer.id"] == customer_id
    assert abandoned.header.session_id == "ses_1"
    if goes_on:
        assert announced.parent is not None
        assert announced.parent.span_id == cause.span_id
    else:
        assert [link.context.span_id for link in announced.links] == [cause.span_id]


def span_of(spans: InMemorySpanExporter, span_id: int) -> ReadableSpan:
    (found,) = [span for span in spans.get_finished_spans() if span.context and span.context.span_id == span_id]
    return found
