"""A channel in Node with stock OpenTelemetry, and nothing of ours but the .proto files, is part of the journey."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client import CollectorRegistry

from libs.ids import new_id
from libs.telemetry.tracing import tracer_provider
from libs.web.server import http_server
from omnithread.context.v1.context_service_pb2 import GetJourneyRequest
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.console.spans.parts import RECEIVER_LIMITS
from services.console.spans.receiver import Receiver
from services.console.spans.store import SpanStore
from services.profile.service import SERVICE as PROFILE
from tests.clients.commands import run
from tests.clients.node_here import CALLER, installed, node
from tests.services.calls import until
from tests.services.running import Services

CALLER_SECONDS = 120.0
TRUSTED = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
CALLED = {
    "start": "omnithread.context.v1.ContextService/StartSession",
    "view": "omnithread.context.v1.ContextService/RecordTouchpoint",
    "add": "omnithread.cart.v1.CartService/AddItem",
}
"""What the program calls, by the names that it gives its traces."""

pytestmark = pytest.mark.skipif(node() is None or not installed(), reason="`make test-node` installs Node's packages")


@dataclass
class Suite:
    """Three services that trace, and a collector for what the caller traces."""

    services: Services
    spans: InMemorySpanExporter
    collector: SpanStore
    collector_address: str

    async def call(self, *, sampled: bool) -> dict[str, Any]:
        """Let a Node program visit the shop, and give what it printed."""
        where = self.services.where()
        given = {
            "addresses": {"context": where.context, "cart": where.cart},
            "token": self.services.token("web-shop"),
            "visitor": new_id("visitor"),
            "sampled": sampled,
            "collector": self.collector_address,
        }
        environment = {"OMNITHREAD_CALLER": json.dumps(given), TRUSTED: str(self.services.authorities_file)}
        told = await run(str(node()), "call.js", folder=CALLER, told=environment, seconds=CALLER_SECONDS)
        return dict(json.loads(told))

    def of(self, trace_id: str) -> list[ReadableSpan]:
        """Give the suite's spans of a trace."""
        ended = self.spans.get_finished_spans()
        return [span for span in ended if span.context and f"{span.context.trace_id:032x}" == trace_id]


@pytest.fixture
async def suite(mongo_uri: str, kafka_bootstrap: str, unique_prefix: str, tmp_path: Path) -> AsyncIterator[Suite]:
    spans, store = InMemorySpanExporter(), SpanStore()
    provider = tracer_provider(service="suite", ratio=1.0, processor=SimpleSpanProcessor(spans))
    receiver = Receiver(store, registry=CollectorRegistry())
    async with (
        http_server(receiver, "127.0.0.1:0", RECEIVER_LIMITS) as port,
        Services(
            mongo_uri=mongo_uri, kafka_bootstrap=kafka_bootstrap, prefix=unique_prefix, state=tmp_path, encrypted=True
        ) as services,
    ):
        tracer = provider.get_tracer("test")
        await services.start(PROFILE, tracer=tracer)
        await services.start(CART, tracer=tracer)
        await services.start(AGGREGATOR, tracer=tracer)
        yield Suite(services, spans, store, f"http://127.0.0.1:{port}")
    provider.shutdown()


@pytest.mark.parametrize("sampled", [True, False], ids=["flag 01", "flag 00"])
async def test_what_a_node_shop_does_is_in_the_journeys_traces(suite: Suite, sampled: bool) -> None:
    visit = await suite.call(sampled=sampled)
    traces: dict[str, str] = visit["traces"]
    asked = GetJourneyRequest(customer_id=visit["customer_id"], journey_id=visit["journey_id"])
    shop = suite.services.connect("web-shop")

    async def all_three() -> list[str]:
        journey = await shop.context.GetJourney(asked)
        found = [one.traceparent.split("-")[1] for one in journey.touchpoints]
        return found if set(traces.values()) <= set(found) else []

    await until(all_three)

    async def heard() -> list[ReadableSpan]:
        return [one for one in suite.of(traces["add"]) if (one.attributes or {}).get("touchpoint.kind")]

    await until(heard)
    for what, trace_id in traces.items():
        [entered] = [one for one in suite.of(trace_id) if one.kind is SpanKind.SERVER and one.name == CALLED[what]]
        assert (entered.attributes or {})["journey.id"] == visit["journey_id"]
        assert (entered.attributes or {})["session.id"] == visit["session_id"]
        callers = {span.span_id: span for span in suite.collector.trace(trace_id)}
        assert entered.parent is not None
        assert (f"{entered.parent.span_id:016x}" in callers) is sampled
    links = {link.context.trace_id for one in suite.of(traces["view"]) for link in one.links}
    assert f"{next(iter(links)):032x}" == traces["start"]
