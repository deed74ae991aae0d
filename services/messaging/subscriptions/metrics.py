"""What is counted of posting events, by outcome; no address and no customer."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from libs.events.metrics import DELAY_SECONDS_BUCKETS


class HookMetrics:
    """One replica's posting."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.events = Counter(
            "omnithread_subscription_events",
            "Events laid out for a subscription (queued), or of a version that is not known here (unknown).",
            ["outcome"],
            registry=registry,
        )
        self.tries = Counter(
            "omnithread_subscription_tries",
            "Posts by how they ended: taken, refused, not_taken, unsure, unreadable.",
            ["outcome"],
            registry=registry,
        )
        self.given_up = Counter(
            "omnithread_subscription_given_up", "Events that were given up and can be replayed.", registry=registry
        )
        self.delay_seconds = Histogram(
            "omnithread_subscription_delay_seconds",
            "Time from the commit of an event to its having been taken.",
            buckets=DELAY_SECONDS_BUCKETS,
            registry=registry,
        )
