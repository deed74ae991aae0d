"""Counters of one process, in a registry of its own, served to Prometheus over HTTP.

Labels have few values: methods, codes, reasons, kinds of channels. No channel and no customer is ever one of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client import start_http_server as _start_http_server

from omnithread.common.v1.channel_pb2 import ChannelKind

CALL_SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_REASONS = 500
OTHER = "OTHER"
NOT_TOLD = "UNKNOWN"
"""The kind of channel of a caller that was turned away before it was known."""
CLIENT_PACKAGE = "omnithread"


class CallMetrics:
    """What the door of a gRPC server counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.calls = Counter(
            "omnithread_calls",
            "Calls answered, by method, kind of the calling channel and status code.",
            ["method", "channel_kind", "code"],
            registry=registry,
        )
        self.call_seconds = Histogram(
            "omnithread_call_seconds",
            "Time from a call's arrival at the door to its answer; streams are not timed.",
            ["method", "channel_kind"],
            buckets=CALL_SECONDS_BUCKETS,
            registry=registry,
        )
        self.streams_open = Gauge(
            "omnithread_streams_open", "Streams that are being answered now.", ["method"], registry=registry
        )
        self.retried = Counter(
            "omnithread_calls_retried",
            "Calls that arrived again, since gRPC's client got no answer before.",
            ["method", "channel_kind"],
            registry=registry,
        )
        self._errors = Counter(
            "omnithread_call_errors",
            "Calls answered with an error, by status code and reason.",
            ["code", "reason"],
            registry=registry,
        )
        self._reasons: set[str] = set()

    def error(self, code: str, reason: str) -> None:
        """Count an error; beyond 500 different reasons, which the contract does not have, it is `OTHER`."""
        if reason not in self._reasons:
            if len(self._reasons) >= MOST_REASONS:
                reason = OTHER
            else:
                self._reasons.add(reason)
        self._errors.labels(code, reason).inc()


def kind_label(channel_kind: int) -> str:
    """Give the label of a kind of channel: `WEB`, `STORE`, `SYSTEM` for the suite itself, `UNKNOWN` for 0."""
    if not channel_kind:
        return NOT_TOLD
    try:
        return ChannelKind.Name(ChannelKind.ValueType(channel_kind)).removeprefix("CHANNEL_KIND_")
    except ValueError:  # a kind that is newer than this process
        return NOT_TOLD


def new_registry() -> CollectorRegistry:
    """Make a registry that knows the process: memory, CPU, open files, garbage collection."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def note_build(registry: CollectorRegistry, service: str) -> None:
    """Say which program of which version this is, once for each registry."""
    built = Gauge(
        "omnithread_build_info",
        "1, with the program, its version and Python's as labels.",
        ["service", "version", "python"],
        registry=registry,
    )
    built.labels(service, suite_version(), python_version()).set(1)


def suite_version() -> str:
    """Give the version of the suite, which is its client package's; `unknown` where that is not installed."""
    try:
        return version(CLIENT_PACKAGE)
    except PackageNotFoundError:
        return "unknown"


@contextmanager
def serving_metrics(listen: str, registry: CollectorRegistry) -> Iterator[int]:
    """Serve the registry on `host:port` from a thread while inside, and give the port; empty serves nothing.

    Whoever asks for OpenMetrics gets exemplars with it.
    """
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
