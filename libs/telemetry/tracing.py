"""Sets up tracing of one process, honouring the `OTEL_...` variables.

Without an OTLP endpoint nothing is recorded, but every call still has a trace id for its log lines and touchpoints.
Spans wait in a bounded queue (`OTEL_BSP_MAX_QUEUE_SIZE`, 2048) for the exporter's thread; what does not fit is dropped.
"""

import os
import threading
from collections.abc import Mapping
from typing import Protocol

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import Span, Status, StatusCode, Tracer

from libs.telemetry.journey import JourneySpanProcessor
from libs.telemetry.sampling import JourneySampler

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
TRACER_NAME = "omnithread"


def set_up_tracing(*, service: str, instance: str, ratio: float) -> TracerProvider:
    """Make the process's tracer provider and instrument the MongoDB driver. Once, before any client is made."""
    exporting = any(os.environ.get(name) for name in ENDPOINTS)
    provider = tracer_provider(
        service=service,
        instance=instance,
        ratio=ratio if exporting else None,
        processor=BatchSpanProcessor(OTLPSpanExporter()) if exporting else None,
    )
    trace.set_tracer_provider(provider)
    if exporting:
        instrument_mongo(provider)
    return provider


def tracer_provider(
    *, service: str, instance: str = "", ratio: float | None, processor: SpanProcessor | None
) -> TracerProvider:
    """Make a provider of its own, for set-up above and for tests; ratio None records nothing."""
    attributes = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": service}
    if instance:
        attributes["service.instance.id"] = instance
    provider = TracerProvider(
        resource=Resource.create(dict(attributes)),
        sampler=ALWAYS_OFF if ratio is None else JourneySampler(ratio),
        shutdown_on_exit=False,  # the process ends in its own order
    )
    if processor is not None:
        provider.add_span_processor(JourneySpanProcessor())
        provider.add_span_processor(processor)
    return provider


def shut_down_tracing(provider: TracerProvider, *, timeout_seconds: float = 5.0) -> None:
    """Export what waits, and give up after a while: a collector that is away must not hold up the end of a process."""
    ending = threading.Thread(target=provider.shutdown, name="tracing-shutdown", daemon=True)
    ending.start()
    ending.join(timeout_seconds)


def instrument_mongo(provider: TracerProvider) -> None:
    """Trace commands to MongoDB: their names and collections, never their values."""
    PymongoInstrumentor().instrument(tracer_provider=provider, capture_statement=False, failed_hook=_without_values)


def tracer() -> Tracer:
    """Give the tracer for spans of our own; it follows the provider that is set later."""
    return trace.get_tracer(TRACER_NAME)


class _FailedCommand(Protocol):
    """The driver's event; the driver itself is imported in libs.mongo only."""

    failure: Mapping[str, object]


def _without_values(span: Span, event: _FailedCommand) -> None:
    """Put the error's name where the instrumentation put its text, which may quote a customer's data."""
    span.set_status(Status(StatusCode.ERROR, str(event.failure.get("codeName", "UnknownError"))))
