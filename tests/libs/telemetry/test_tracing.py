"""Commands to MongoDB are part of the journey that caused them, without their values."""

import os
import threading
from collections.abc import Iterator

import pytest
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.sdk.trace import SpanProcessor
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.errors import OmnithreadError
from libs.mongo.connection import connect, database
from libs.mongo.deadline import reading
from libs.telemetry.journey import journey_labels
from libs.telemetry.resource import resource_of, suite_version
from libs.telemetry.tracing import instrument_mongo, shut_down_tracing, tracer_provider


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    provider = tracer_provider(service="cart", ratio=1.0, processor=SimpleSpanProcessor(kept))
    instrument_mongo(provider)
    yield kept
    PymongoInstrumentor().uninstrument()
    provider.shutdown()


async def test_a_command_is_told_with_its_journey_and_without_its_values(
    spans: InMemorySpanExporter, mongo_uri: str, unique_prefix: str
) -> None:
    client = connect(mongo_uri, app_name="test")
    try:
        carts = database(client, unique_prefix)["carts"]
        with journey_labels(journey_id="jrn_1", customer_id="cus_1"):
            await carts.find_one({"owner": "anna@example.com"})
            with pytest.raises(OmnithreadError), reading():
                await carts.aggregate([{"$noSuchStage": {"value": "anna@example.com"}}]).to_list(1)
    finally:
        client.close()
    told = {span.name: span for span in spans.get_finished_spans()}
    find = dict(told["find carts"].attributes or {})
    assert (
        find.items()
        >= {
            "journey.id": "jrn_1",
            "customer.id": "cus_1",
            "db.system.name": "mongodb",
            "db.namespace": unique_prefix,
            "db.collection.name": "carts",
            "db.operation.name": "find",
        }.items()
    )
    assert not told["aggregate carts"].status.is_ok
    assert all("anna" not in span.to_json() for span in told.values())


def test_the_resource_names_service_and_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    named = tracer_provider(service="cart", instance="cart-0", ratio=None, processor=None).resource.attributes
    assert (named["service.name"], named["service.instance.id"]) == ("cart", "cart-0")
    monkeypatch.setitem(os.environ, "OTEL_SERVICE_NAME", "our-cart")
    assert tracer_provider(service="cart", ratio=None, processor=None).resource.attributes["service.name"] == "our-cart"


def test_the_resource_tells_version_and_place_and_what_the_installation_says_wins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = resource_of("cart", environment={"K8S_POD_NAME": "cart-7d9-x2", "K8S_NAMESPACE_NAME": "shop"}).attributes
    expected = {"k8s.pod.name": "cart-7d9-x2", "k8s.namespace.name": "shop", "service.instance.id": "cart-7d9-x2"}
    assert told.items() >= {"service.namespace": "omnithread", "service.version": suite_version(), **expected}.items()
    assert (
        resource_of("cart").attributes["service.instance.id"] != resource_of("cart").attributes["service.instance.id"]
    )
    said = "service.namespace=our-shop,deployment.environment.name=live"
    monkeypatch.setitem(os.environ, "OTEL_RESOURCE_ATTRIBUTES", said)
    attributes = resource_of("cart").attributes
    assert (attributes["service.namespace"], attributes["deployment.environment.name"]) == ("our-shop", "live")


def test_a_collector_that_is_away_does_not_hold_up_the_end() -> None:
    let_go = threading.Event()

    class Away(SpanProcessor):
        def shutdown(self) -> None:
            let_go.wait(60)

    provider = tracer_provider(service="cart", ratio=1.0, processor=Away())
    shut_down_tracing(provider, timeout_seconds=0.05)
    let_go.set()
