"""What every call gets on its way out, and what an answer may make us try once more. Pure, for both interceptors."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

import grpc
from google.protobuf.message import Message
from opentelemetry.trace import Span, SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from omnithread.errors import ErrorDetails
from omnithread.labels import current_labels
from omnithread.requests import ServerClock, reissued
from omnithread.tokens import TokenSource

RequestT = TypeVar("RequestT", bound=Message)
Headers = list[tuple[str, str | bytes]]

_propagator = TraceContextTextMapPropagator()


def start_span(tracer: Tracer, method: str) -> Span:
    """The client's own span of a call, with the journey that it belongs to."""
    labels = current_labels()
    service, _, name = method.lstrip("/").partition("/")
    attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
    attributes |= {
        key: value for key, value in (("journey.id", labels.journey_id), ("session.id", labels.session_id)) if value
    }
    return tracer.start_span(f"{service}/{name}", kind=SpanKind.CLIENT, attributes=attributes)


def headers(given: Iterable[tuple[str, str | bytes]], *, token: str) -> Headers:
    """The caller's own metadata, the token, the trace context and the labels. The caller's own win."""
    carrier: dict[str, str] = {"authorization": f"Bearer {token}"}
    _propagator.inject(carrier)
    if baggage := current_labels().baggage():
        carrier["baggage"] = baggage
    own = list(given)
    named = {key for key, _ in own}
    return own + [(key, value) for key, value in carrier.items() if key not in named]


def once_more(request: RequestT, error: ErrorDetails, *, clock: ServerClock, tokens: TokenSource) -> RequestT | None:
    """The request to send again after this error, or None. Both cases were refused before anything was done."""
    if error.code is grpc.StatusCode.UNAUTHENTICATED and error.reason == "TOKEN_EXPIRED" and tokens.forget():
        return request
    if error.reason == "CLOCK_SKEW" and "server_time" in error.metadata:
        clock.learn(datetime.fromisoformat(error.metadata["server_time"]))
        return reissued(request, clock=clock)
    return None
