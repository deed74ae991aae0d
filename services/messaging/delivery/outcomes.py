"""Counts what became of messages, for whoever watches the installation."""

from prometheus_client import CollectorRegistry, Counter

from services.messaging.values import MessageSummary


class Outcomes:
    """The counter `omnithread_messages_total`; its labels have few values: purposes, ways, states, reasons."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "omnithread_messages",
            "Steps of messages by what came of them.",
            ("purpose", "delivery_kind", "state", "reason"),
            registry=registry,
        )

    def count(self, message: MessageSummary) -> None:
        """Count one step."""
        self._counter.labels(message.purpose, message.delivery_kind or "", message.state, message.state_reason).inc()
