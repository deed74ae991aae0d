"""One HTTP request on its way through a program: its span on entering, its counters and log line on leaving.

Of its address only the route is told (`/u/{token}`): whoever has a token has what it opens.
"""

import time
from dataclasses import dataclass

import structlog
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from prometheus_client import CollectorRegistry, Counter, Histogram

from libs.telemetry.exemplars import Exemplars
from libs.telemetry.journey import LABELS, NO_LABELS
from libs.telemetry.metrics import CALL_SECONDS_BUCKETS
from libs.telemetry.propagation import NO_CONTEXT
from libs.telemetry.scrub import safe_text, type_name
from libs.telemetry.tracing import tracer as default_tracer

FAULT = 500


class WebMetrics:
    """What a program that speaks HTTP counts; which program it is, its own label of Prometheus says."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "omnithread_http_requests",
            "Requests answered, by method, route and status.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "omnithread_http_request_seconds",
            "Time from a request's head to the end of its answer.",
            ["route"],
            buckets=CALL_SECONDS_BUCKETS,
            registry=registry,
        )
        self.refused = Counter(
            "omnithread_http_refused",
            "Requests that were refused, by reason.",
            ["reason"],
            registry=registry,
        )
        self.exemplars = Exemplars()


@dataclass(frozen=True, slots=True)
class Visits:
    """Makes visits."""

    metrics: WebMetrics
    tracer: Tracer | None = None

    def enter(self, method: str, route: str) -> "Visit":
        """Begin one. A trace that a stranger's headers name is not continued."""
        return Visit(method, route, self.metrics, self.tracer or default_tracer())


class Visit:
    """One request between entering and leaving."""

    __slots__ = ("_context", "_labels", "_method", "_metrics", "_route", "_span", "_started")

    def __init__(self, method: str, route: str, metrics: WebMetrics, tracer: Tracer) -> None:
        self._method, self._route, self._metrics = method, route, metrics
        self._started = time.perf_counter()
        self._labels = LABELS.set(NO_LABELS)
        self._span = tracer.start_span(
            f"{method} {route}",
            NO_CONTEXT,
            SpanKind.SERVER,
            {"http.request.method": method, "http.route": route, "url.path": route},
        )
        self._context = otel_context.attach(trace.set_span_in_context(self._span, Context()))

    def refused(self, reason: str) -> None:
        """Note why the program itself refused."""
        self._metrics.refused.labels(reason).inc()
        self._span.set_attribute("omnithread.reason", reason)

    def failed(self, error: Exception) -> None:
        """Note an error of ours."""
        structlog.get_logger(__name__).error("request_failed", route=self._route, exc_info=error)
        self._span.add_event("exception", {"exception.type": type_name(error), "exception.message": safe_text(error)})

    def leave(self, status: int) -> None:
        """End it; 0 where the client went away first."""
        seconds = time.perf_counter() - self._started
        self._metrics.requests.labels(self._method, self._route, str(status)).inc()
        exemplar = self._metrics.exemplars.of(seconds, self._span.get_span_context())
        self._metrics.seconds.labels(self._route).observe(seconds, exemplar)
        self._span.set_attribute("http.response.status_code", status)
        if status >= FAULT:
            self._span.set_status(StatusCode.ERROR, str(status))
            self._span.set_attribute("error.type", str(status))
        structlog.get_logger(__name__).info(
            "request", method=self._method, route=self._route, status=status, milliseconds=round(seconds * 1000, 1)
        )
        self._span.end()
        otel_context.detach(self._context)
        LABELS.reset(self._labels)
