"""Counters of one process, in a registry of its own, served to Prometheus over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, PlatformCollector, ProcessCollector
from prometheus_client import start_http_server as _start_http_server

CALL_SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class CallMetrics:
    """What the door counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "omnithread_calls", "Calls answered, by method and status code.", ["method", "code"], registry=registry
        )
        self.call_seconds = Histogram(
            "omnithread_call_seconds",
            "Time from a call's arrival at the door to its answer.",
            ["method"],
            buckets=CALL_SECONDS_BUCKETS,
            registry=registry,
        )


def new_registry() -> CollectorRegistry:
    """Make a registry that knows the process: memory, CPU, open files, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


@contextmanager
def serving_metrics(listen: str, registry: CollectorRegistry) -> Iterator[int]:
    """Serve the registry on `host:port` from a thread while inside, and give the port; empty serves nothing."""
    if not listen:
        yield 0
        return
    host, _, port = listen.rpartition(":")
    server, thread = _start_http_server(int(port), addr=host or "127.0.0.1", registry=registry)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
