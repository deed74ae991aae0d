"""Sets up tracing of one process, honouring the `OTEL_...` variables.

Without an OTLP endpoint nothing is recorded, but every call still has a trace id for its log lines and touchpoints.
Spans wait in a bounded queue (`OTEL_BSP_MAX_QUEUE_SIZE`, 2048) for the exporter's thread; what does not fit is dropped
and counted.
"""

import os
import threading
from collections.abc import Mapping
from typing import Protocol

import structlog
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Span, Status, StatusCode, Tracer

from libs.telemetry.late_labels import LateLabels
from libs.telemetry.resource import resource_of
from libs.telemetry.sampling import JourneySampler
from libs.telemetry.span_counts import SPANS, counted_batches

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
TRACER_NAME = "omnithread"
MOST_LINKS = 512
"""So that a batch from Kafka links to the cause of each of its records, which are 500 at most."""
LINKS_LIMIT = "OTEL_SPAN_LINK_COUNT_LIMIT"
OPT_IN = "OTEL_SEMCONV_STABILITY_OPT_IN"


def set_up_tracing(*, service: str, instance: str, ratio: float) -> TracerProvider:
    """Make the process's tracer provider and instrument the MongoDB driver. Once, before any client is made."""
    exporting = any(os.environ.get(name) for name in ENDPOINTS)
    provider = tracer_provider(
        service=service,
        instance=instance,
        ratio=ratio if exporting else None,
        processor=counted_batches(OTLPSpanExporter(), SPANS) if exporting else None,
    )
    trace.set_tracer_provider(provider)
    if exporting:
        instrument_mongo(provider)
    return provider


def tracer_provider(
    *, service: str, instance: str = "", ratio: float | None, processor: SpanProcessor | None
) -> TracerProvider:
    """Make a provider of its own, for set-up above and for tests; ratio None records nothing."""
    provider = TracerProvider(
        resource=resource_of(service, instance=instance),
        sampler=ALWAYS_OFF if ratio is None else JourneySampler(ratio),
        span_limits=SpanLimits(max_links=None if os.environ.get(LINKS_LIMIT) else MOST_LINKS),
        shutdown_on_exit=False,  # the process ends in its own order
    )
    if processor is not None:
        provider.add_span_processor(LateLabels(processor))
    return provider


def shut_down_tracing(provider: TracerProvider, *, timeout_seconds: float = 1.5) -> None:
    """Export what waits, and give up after a while: a collector that is away must not hold up the end of a process."""
    ending = threading.Thread(target=provider.shutdown, name="tracing-shutdown", daemon=True)
    ending.start()
    ending.join(timeout_seconds)
    if ending.is_alive() or SPANS.lost:
        structlog.get_logger(__name__).warning("spans_lost", lost=SPANS.lost, some_still_waiting=ending.is_alive())


def instrument_mongo(provider: TracerProvider) -> None:
    """Trace commands to MongoDB: their names and collections, never their values.

    By the stable conventions, which the instrumentation leaves to those who ask for them in the environment.
    """
    asked = [word for word in os.environ.get(OPT_IN, "").split(",") if word]
    if "database" not in asked:
        os.environ[OPT_IN] = ",".join([*asked, "database"])
    PymongoInstrumentor().instrument(
        tracer_provider=provider, capture_statement=False, request_hook=_named, failed_hook=_without_values
    )


def tracer() -> Tracer:
    """Give the tracer for spans of our own; it follows the provider that is set later."""
    return trace.get_tracer(TRACER_NAME)


class _StartedCommand(Protocol):
    """The driver's event; the driver itself is imported in libs.mongo only."""

    command_name: str
    command: Mapping[str, object]


class _FailedCommand(Protocol):
    """As above."""

    failure: Mapping[str, object]


def _named(span: Span, event: _StartedCommand) -> None:
    """Name the command and its collection, as the conventions do; the instrumentation names the database."""
    name = event.command_name
    collection = event.command.get("collection" if name == "getMore" else name)
    if isinstance(collection, str):
        span.set_attribute("db.collection.name", collection)
        span.update_name(f"{name} {collection}")
    else:
        span.update_name(name)
    span.set_attribute("db.operation.name", name)


def _without_values(span: Span, event: _FailedCommand) -> None:
    """Put the error's name where the instrumentation put its text, which may quote a customer's data."""
    span.set_status(Status(StatusCode.ERROR, str(event.failure.get("codeName", "UnknownError"))))
