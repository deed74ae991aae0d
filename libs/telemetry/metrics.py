"""Counters of one process, in a registry of its own, served to Prometheus over HTTP.

Labels have few values: methods, codes, reasons, kinds of channels. No channel and no customer is ever one of them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app

from libs.telemetry.span_counts import SPANS
from omnithread.common.v1.channel_pb2 import ChannelKind

CALL_SECONDS_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
MOST_REASONS = 500
POLL_SECONDS = 0.1
"""How late the server of metrics notices that it is to end: the event loop waits for it."""
OTHER = "OTHER"
NOT_TOLD = "UNKNOWN"
"""The kind of channel of a caller that was turned away before it was known."""


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
        self._counters: dict[tuple[str, str], Counter] = {}
        """By code and reason: to look them up by their labels takes longer than to turn a call away."""

    def error(self, code: str, reason: str) -> None:
        """Count an error; beyond 500 different ones, which the contract does not have, its reason is `OTHER`."""
        counter = self._counters.get((code, reason))
        if counter is None:
            is_known = len(self._counters) < MOST_REASONS
            counter = self._errors.labels(code, reason if is_known else OTHER)
            if is_known:
                self._counters[code, reason] = counter
        counter.inc()


class AdmissionMetrics:
    """What the entrance of a gRPC server counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.in_flight = Gauge("omnithread_calls_in_flight", "Calls that are being answered now.", registry=registry)
        self.limit = Gauge(
            "omnithread_calls_in_flight_limit",
            "How many calls may be answered at once, as the process finds it out from how long they take.",
            registry=registry,
        )
        self._shed = Counter(
            "omnithread_calls_shed",
            "Calls turned away since there was more to do than can be done, by importance: BULK, NORMAL, URGENT.",
            ["importance"],
            registry=registry,
        )
        self._shed_of: dict[str, Counter] = {}
        self._limited = Counter(
            "omnithread_calls_rate_limited",
            "Calls turned away since their channel had used up its allowance, by the limit that says so.",
            ["limit"],
            registry=registry,
        )

    def shed(self, importance: str) -> None:
        """Count a call that was turned away."""
        counter = self._shed_of.get(importance)
        if counter is None:
            counter = self._shed_of[importance] = self._shed.labels(importance)
        counter.inc()

    def rate_limited(self, limit: str) -> None:
        """Count a call of a channel that calls too often."""
        self._limited.labels(limit).inc()


class ClientMetrics:
    """What calls to other services are counted with; one call may be several tries of gRPC's."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            "omnithread_client_calls",
            "Calls to other services of the suite that ended, by area, method and status code.",
            ["area", "method", "code"],
            registry=registry,
        )
        self._seconds = Histogram(
            "omnithread_client_call_seconds",
            "Time that a call to another service took, tries again included.",
            ["area"],
            buckets=CALL_SECONDS_BUCKETS,
            registry=registry,
        )

    def of(self, method: str) -> "ClientMethodMeter":
        """Give those of one method (`/omnithread.cart.v1.CartService/GetCart`)."""
        area = method.removeprefix("/omnithread.").partition(".")[0]
        return ClientMethodMeter(
            count=lambda code: self._calls.labels(area, method, code).inc(), seconds=self._seconds.labels(area)
        )


@dataclass(frozen=True, slots=True)
class ClientMethodMeter:
    """What one method of another service is counted with."""

    count: Callable[[str], None]
    seconds: Histogram


def kind_label(channel_kind: int) -> str:
    """Give the label of a kind of channel: `WEB`, `STORE`, `SYSTEM` for the suite itself, `UNKNOWN` for 0."""
    if not channel_kind:
        return NOT_TOLD
    try:
        return ChannelKind.Name(ChannelKind.ValueType(channel_kind)).removeprefix("CHANNEL_KIND_")
    except ValueError:  # a kind that is newer than this process
        return NOT_TOLD


def new_registry() -> CollectorRegistry:
    """Make a registry that knows the process: memory, CPU, open files, garbage collection, spans exported and lost."""
    # When each counter began is a third of all lines, and nobody reads it.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # the package left them out
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(SPANS)
    return registry


@contextmanager
def serving_metrics(listen: str, registry: CollectorRegistry) -> Iterator[int]:
    """Serve the registry on `host:port` from a thread while inside, and give the port; empty serves nothing.

    Whoever asks for OpenMetrics gets exemplars with it.
    """
    if not listen:
        yield 0
        return
    host, _, port = listen.rpartition(":")
    app = make_wsgi_app(registry)
    server = make_server(host or "127.0.0.1", int(port), app, ThreadingWSGIServer, handler_class=_Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_SECONDS}, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=1)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_told: object) -> None:
        """Nobody reads who has looked at the metrics."""
