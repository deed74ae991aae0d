"""What is counted of announcing and of handling, by area; the delay of both tells whether customers wait."""

from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from libs.telemetry.exemplars import Exemplars

DELAY_SECONDS_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)


class RelayMetrics:
    """One service's announcing. The gauges are of its database, and so the same in all of its replicas."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.delay_seconds = Histogram(
            "omnithread_event_publish_delay_seconds",
            "Time from the commit of an event to Kafka's acknowledgement.",
            buckets=DELAY_SECONDS_BUCKETS,
            registry=registry,
        )
        self.exemplars = Exemplars()
        self.publish_failures = Counter(
            "omnithread_event_publish_failures", "Tries to publish that Kafka did not acknowledge.", registry=registry
        )
        self.refused = Counter(
            "omnithread_event_refusals", "Records and events that MongoDB or Kafka refused to take.", registry=registry
        )
        self.unrelayed = Gauge(
            "omnithread_records_unrelayed",
            "Records whose events are still in them, counted up to 10000.",
            registry=registry,
        )
        self.unpublished = Gauge(
            "omnithread_events_unpublished",
            "Events that Kafka has not acknowledged yet, counted up to 10000.",
            registry=registry,
        )
        self.oldest_seconds = Gauge(
            "omnithread_event_oldest_unpublished_seconds",
            "Age of the oldest event that Kafka has not acknowledged yet; 0 where all are.",
            registry=registry,
        )


class ReaderMetrics:
    """How the readers of one process handle what other areas announce; `of` gives those of one reader."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._delay_seconds = Histogram(
            "omnithread_event_handle_delay_seconds",
            "Time from the commit of an event to its having been handled.",
            ["reader", "area"],
            buckets=DELAY_SECONDS_BUCKETS,
            registry=registry,
        )
        self._replayed = Counter(
            "omnithread_events_replayed",
            "Events that the owner gave instead of Kafka.",
            ["reader", "area"],
            registry=registry,
        )
        self._failures = Counter(
            "omnithread_stream_failures",
            "Failures that parked a customer's stream.",
            ["reader", "area"],
            registry=registry,
        )
        self._lag_seconds = Gauge(
            "omnithread_consumer_lag_seconds",
            "Age of the oldest event that Kafka brought to this process and that is not handled yet; 0 for none.",
            ["reader", "area"],
            registry=registry,
        )
        self._records_behind = Gauge(
            "omnithread_consumer_records_behind",
            "Records on Kafka, of this process's partitions, that it has not fetched yet.",
            ["reader", "area"],
            registry=registry,
        )
        self._compared_time = Gauge(
            "omnithread_heads_compared_timestamp_seconds",
            "When this process last compared all heads of the owner with its cursors, in seconds since 1970.",
            ["reader", "area"],
            registry=registry,
        )
        self._parked = Gauge(
            "omnithread_streams_parked",
            "Customers' streams that are parked now, counted up to 10000; the same in all replicas.",
            ["reader", "area"],
            registry=registry,
        )

    def of(self, reader: str, area: str) -> "StreamMetrics":
        """Give what is counted of one area for one reader (a consumer group, without the installation's prefix)."""
        return StreamMetrics(
            delay_seconds=self._delay_seconds.labels(reader, area),
            exemplars=Exemplars(),
            replayed=self._replayed.labels(reader, area),
            failures=self._failures.labels(reader, area),
            lag_seconds=self._lag_seconds.labels(reader, area),
            records_behind=self._records_behind.labels(reader, area),
            compared_time=self._compared_time.labels(reader, area),
            parked=self._parked.labels(reader, area),
        )


@dataclass(frozen=True, slots=True)
class StreamMetrics:
    """What one reader's handling of one area is counted with."""

    delay_seconds: Histogram
    exemplars: Exemplars
    replayed: Counter
    failures: Counter
    lag_seconds: Gauge
    records_behind: Gauge
    compared_time: Gauge
    parked: Gauge


MetricsOf = Callable[[str], StreamMetrics]
"""Gives what an area of one reader is counted with."""
