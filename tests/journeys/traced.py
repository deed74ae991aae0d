"""The spans of a running suite, as they were exported: read from its file, and from nothing else."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from deploy.local.suite import Suite
from services.console.spans.reading import spans_of
from services.console.spans.taking import from_json
from services.console.spans.values import Span
from tests.running_suite import Channels, channels_of

CHANNELS = "channels"
"""The service name of the test's own process, which is all the channels."""

Traces = dict[str, list[Span]]


@asynccontextmanager
async def traced_channels(suite: Suite) -> AsyncIterator[Channels]:
    """Connect every channel; what the channels' own spans tell is exported too, at the end at the latest."""
    provider = TracerProvider(resource=Resource.create({"service.name": CHANNELS}))
    exporter = OTLPSpanExporter(f"{suite.backends.traces_endpoint}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=200))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trace, "get_tracer", provider.get_tracer)  # what a process can be given once only
        try:
            async with channels_of(suite) as channels:
                yield channels
        finally:
            provider.shutdown()


def file_of(suite: Suite) -> Path:
    """Give the file in which all spans of the suite are."""
    assert suite.traces is not None
    return suite.traces.file


def exported(file: Path) -> Traces:
    """Read the spans that have come so far, by trace."""
    traces: defaultdict[str, list[Span]] = defaultdict(list)
    if not file.exists():
        return traces
    with file.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):  # the last one may still be written
                for span in spans_of(from_json(line)):
                    traces[span.trace_id].append(span)
    return traces


def orphans(spans: Iterable[Span]) -> list[Span]:
    """Give the spans of a trace whose parent is missing."""
    every = list(spans)
    known = {span.span_id for span in every}
    return [span for span in every if span.parent_span_id and span.parent_span_id not in known]


def way_to(span: Span, spans: Iterable[Span]) -> list[Span]:
    """Give the spans from the first one of the trace down to this one."""
    by_id = {one.span_id: one for one in spans}
    way = [span]
    while (above := by_id.get(way[0].parent_span_id)) is not None:
        way.insert(0, above)
    return way
