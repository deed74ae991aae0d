"""Counts what the gates say, for whoever watches the installation."""

from prometheus_client import CollectorRegistry, Counter

from services.messaging.deciding.judgement import Judgement


class JudgementMetrics:
    """The counter `omnithread_judgements_total`; its labels have few values: gates, verdicts, reasons."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._counter = Counter(
            "omnithread_judgements",
            "What gates said of messages that were due.",
            ("gate", "verdict", "reason"),
            registry=registry,
        )

    def count(self, judgement: Judgement) -> None:
        """Count every gate that was asked."""
        for finding in judgement.findings:
            self._counter.labels(finding.gate, finding.verdict, finding.reason).inc()
