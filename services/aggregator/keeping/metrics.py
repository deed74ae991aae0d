"""What is counted of keeping."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.aggregator.keeping.kept import KeptContexts

MEMORY, PARTLY, SERVICES = "memory", "partly", "services"
"""Where contexts come from: all of it was kept, some sections were, or the services were asked for all."""


class KeepingMetrics:
    """One replica's keeping."""

    def __init__(self, registry: CollectorRegistry, kept: KeptContexts) -> None:
        self.reads = Counter(
            "omnithread_context_reads",
            "Contexts that were asked for, by where they came from.",
            ["source"],
            registry=registry,
        )
        for source in (MEMORY, PARTLY, SERVICES):
            self.reads.labels(source)
        count = Gauge("omnithread_kept_contexts", "Contexts that are kept in memory.", registry=registry)
        count.set_function(lambda: len(kept))
        size = Gauge("omnithread_kept_context_bytes", "About how many bytes the kept contexts take.", registry=registry)
        size.set_function(lambda: kept.bytes)
