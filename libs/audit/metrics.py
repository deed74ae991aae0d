"""What the audit log is counted with."""

from prometheus_client import CollectorRegistry, Counter


class AuditMetrics:
    """Of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.dropped = Counter(
            "omnithread_audit_dropped",
            "Calls that the audit log should tell of and does not, since too much waited to be written already.",
            registry=registry,
        )
