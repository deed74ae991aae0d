"""What is counted of announcing and of handling, by area; the delay of both tells whether customers wait."""

from prometheus_client import CollectorRegistry, Counter, Histogram

DELAY_SECONDS_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)


class RelayMetrics:
    """One service's announcing."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.delay_seconds = Histogram(
            "omnithread_event_publish_delay_seconds",
            "Time from the commit of an event to Kafka's acknowledgement.",
            buckets=DELAY_SECONDS_BUCKETS,
            registry=registry,
        )
        self.publish_failures = Counter(
            "omnithread_event_publish_failures", "Tries to publish that Kafka did not acknowledge.", registry=registry
        )
        self.refused = Counter(
            "omnithread_event_refusals", "Records and events that MongoDB or Kafka refused to take.", registry=registry
        )


class ReaderMetrics:
    """One service's handling of what other areas announce; a second reader of the same process has a prefix."""

    def __init__(self, registry: CollectorRegistry, *, prefix: str = "omnithread") -> None:
        self.delay_seconds = Histogram(
            f"{prefix}_event_handle_delay_seconds",
            "Time from the commit of an event to its having been handled.",
            ["area"],
            buckets=DELAY_SECONDS_BUCKETS,
            registry=registry,
        )
        self.replayed = Counter(
            f"{prefix}_events_replayed", "Events that the owner gave instead of Kafka.", ["area"], registry=registry
        )
        self.parked = Counter(
            f"{prefix}_streams_parked", "Failures that parked a customer's stream.", ["area"], registry=registry
        )
