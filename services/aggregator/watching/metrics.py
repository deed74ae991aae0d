"""What is counted of watching."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from libs.telemetry.exemplars import Exemplars

CHANGE_SECONDS_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
LEFT, STOPPED, TOKEN, PARTED, GONE, STUCK, FAULT = "left", "stopped", "token", "parted", "gone", "stuck", "fault"
REASONS = (LEFT, STOPPED, TOKEN, PARTED, GONE, STUCK, FAULT)
"""Why streams end: the caller left, this replica stops, its token ran out, the customer was parted from the survivor or
is not there any more, it did not take what was sent, or something failed."""


class WatchMetrics:
    """One replica's watching."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.watchers = Gauge("omnithread_watchers", "Streams that watch a customer's context now.", registry=registry)
        self.change_seconds = Histogram(
            "omnithread_watch_change_seconds",
            "Time from the commit of a change to its having been written to a watcher's stream.",
            buckets=CHANGE_SECONDS_BUCKETS,
            registry=registry,
        )
        self.exemplars = Exemplars()
        self.updates = Counter("omnithread_watch_updates", "Updates written to watchers.", registry=registry)
        self.reads = Counter("omnithread_watch_reads", "Contexts read for watchers.", registry=registry)
        self.ended = Counter(
            "omnithread_watch_ended", "Streams that ended, by the reason why.", ["reason"], registry=registry
        )
        for reason in REASONS:
            self.ended.labels(reason)
