"""Counts session ids that callers named and that were not the customer's on that channel: a channel mixes up visits."""

from prometheus_client import CollectorRegistry, Counter


class ForeignSessions:
    """One counter per process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "omnithread_foreign_sessions",
            "Session ids left out because they were not the customer's on that channel, by where they came up.",
            ["area"],
            registry=registry,
        )

    def note(self, area: str, *, named: str, used: str) -> None:
        """Count one, if the session that was named is not the one that was used."""
        if named and named != used:
            self._counter.labels(area).inc()
