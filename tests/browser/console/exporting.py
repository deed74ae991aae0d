"""What the services trace goes to the console that shows it, as from any program; before it is open, nowhere."""

import asyncio
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer

from libs.telemetry.tracing import tracer_provider

A_MOMENT_MS = 200


class _ToConsole(SpanExporter):
    def __init__(self, to: "ToConsole") -> None:
        self._to = to

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        exporter = self._to.exporter
        return SpanExportResult.SUCCESS if exporter is None else exporter.export(spans)


class ToConsole:
    """Gives the services tracers."""

    def __init__(self) -> None:
        self.exporter: OTLPSpanExporter | None = None
        self._providers: list[TracerProvider] = []

    def tracer(self, service: str) -> Tracer:
        """Give a service's tracer."""
        # In a thread of its own: the console that takes the spans runs on the loop of the test.
        processor = BatchSpanProcessor(_ToConsole(self), schedule_delay_millis=A_MOMENT_MS)
        provider = tracer_provider(service=service, ratio=1.0, processor=processor)
        self._providers.append(provider)
        return provider.get_tracer(service)

    def open(self, port: int) -> None:
        """From now on spans go there."""
        self.exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{port}/v1/traces")

    async def close(self) -> None:
        """End it, while the console still takes what is left."""
        for provider in self._providers:
            await asyncio.to_thread(provider.shutdown)
        self.exporter = None
