"""How many spans of this process reached the collector, and how many were lost on the way, for Prometheus.

Counted for the process as a whole, as tracing is set up for it once.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

EXPORT_FAILED = "export_failed"
REASONS = ("queue_full", EXPORT_FAILED, "already_shutdown")
"""Why a span is lost; each is there from the start, so that an alert sees the first one."""


class SpanCounts(Collector):
    """Counts of one process; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._dropped: Counter[str] = Counter(dict.fromkeys(REASONS, 0))
        self._exported = 0
        self._failures = 0

    def exported(self, count: int) -> None:
        """Count spans that the collector took."""
        with self._lock:
            self._exported += count

    def export_failed(self, count: int) -> None:
        """Count one export that failed, and the spans that it lost."""
        with self._lock:
            self._failures += 1
            self._dropped[EXPORT_FAILED] += count

    def dropped(self, count: int, reason: str) -> None:
        """Count spans that were lost before they were exported."""
        with self._lock:
            self._dropped[reason] += count

    @property
    def lost(self) -> int:
        """Give how many were lost, for whatever reason."""
        with self._lock:
            return self._dropped.total()

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Give the counters, as Prometheus asks for them."""
        with self._lock:
            dropped, exported, failures = dict(self._dropped), self._exported, self._failures
        lost = CounterMetricFamily(
            "omnithread_spans_dropped", "Spans that never reached the collector, by reason.", labels=["reason"]
        )
        for reason, count in dropped.items():
            lost.add_metric([reason], count)
        yield lost
        yield CounterMetricFamily("omnithread_spans_exported", "Spans that the collector took.", value=exported)
        yield CounterMetricFamily(
            "omnithread_span_exports_failed", "Exports that the collector did not take.", value=failures
        )


SPANS = SpanCounts()
"""Of this process."""


class CountedExporter(SpanExporter):
    """Counts what becomes of each export."""

    def __init__(self, inner: SpanExporter, counts: SpanCounts) -> None:
        self.inner = inner
        self._counts = counts

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export, and count."""
        try:
            result = self.inner.export(spans)
        except Exception:
            self._counts.export_failed(len(spans))
            raise
        if result is SpanExportResult.SUCCESS:
            self._counts.exported(len(spans))
        else:
            self._counts.export_failed(len(spans))
        return result

    def shutdown(self) -> None:
        """End the exporter."""
        self.inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the exporter."""
        return self.inner.force_flush(timeout_millis)


class _Drops:
    """What the batch processor tells of itself: it has a place for it, but only for OpenTelemetry's own metrics."""

    def __init__(self, counts: SpanCounts) -> None:
        self._counts = counts

    def register_queue_size(self, get_queue_size: object) -> None:
        """Take no notice: the queue's length is not asked for."""

    def drop_items(self, count: int, error_type: str = "queue_full") -> None:
        """Count spans that did not fit, or came after the end."""
        self._counts.dropped(count, error_type)

    def finish_items(self, count: int) -> None:
        """Take no notice: the exporter tells whether they were taken."""


def counted_batches(exporter: SpanExporter, counts: SpanCounts) -> BatchSpanProcessor:
    """Make the processor that hands spans over in batches from a thread of its own, and counts those that are lost."""
    processor = BatchSpanProcessor(CountedExporter(exporter, counts))
    processor._batch_processor._metrics = _Drops(counts)  # noqa: SLF001  its only word on what it drops
    return processor
