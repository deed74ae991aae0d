"""What every call gets on its way out, and what an answer may make us try once more. Pure, for both interceptors."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from google.protobuf.message import Message
from opentelemetry.trace import Span, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from omnithread.errors import ErrorDetails
from omnithread.labels import current_labels
from omnithread.requests import ServerClock, reissued
from omnithread.rpc_spans import customer_of, rpc_attributes, server_attributes, start_client_span
from omnithread.tokens import TokenSource

RequestT = TypeVar("RequestT", bound=Message)

PASSING = frozenset({"CONFLICT", "OUTBOX_FULL"})
"""Refusals that are over in a moment: the same request, with the same id, is right."""
MOST_TRIES = 5
FIRST_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Again(Generic[RequestT]):
    """A request to send once more."""

    request: RequestT
    pause_seconds: float
    """How long to wait before."""


Headers = list[tuple[str, str | bytes]]

_propagator = TraceContextTextMapPropagator()


def start_span(tracer: Tracer, method: str | bytes, *, address: str, request: object = None) -> Span:
    """The client's own span of a call, with the journey that it belongs to and the customer whom the request names."""
    labels, path = current_labels(), method.decode() if isinstance(method, bytes) else method
    known = (
        ("journey.id", labels.journey_id),
        ("session.id", labels.session_id),
        ("customer.id", customer_of(request)),
    )
    named = {key: value for key, value in known if value}
    return start_client_span(tracer, path, {**rpc_attributes(path), **server_attributes(address), **named})


def headers(given: Iterable[tuple[str, str | bytes]], *, token: str) -> Headers:
    """The caller's own metadata, the token, the trace context and the labels. The caller's own win."""
    carrier: dict[str, str] = {"authorization": f"Bearer {token}"}
    _propagator.inject(carrier)
    if baggage := current_labels().baggage():
        carrier["baggage"] = baggage
    own = list(given)
    named = {key for key, _ in own}
    return own + [(key, value) for key, value in carrier.items() if key not in named]


def once_more(
    request: RequestT,
    error: ErrorDetails,
    *,
    tried: int,
    clock: ServerClock,
    tokens: TokenSource,
    jitter: Callable[[], float] = random.random,
) -> Again[RequestT] | None:
    """What to send after the error of try number `tried` (1, 2, ...), or None where that is up to the caller.

    An expired token and a wrong clock are mended once. A race lost or an outbox that is full is tried again a few
    times: the request keeps its id, so nothing is done twice.
    """
    if error.reason == "TOKEN_EXPIRED":
        return Again(request, 0) if tried == 1 and tokens.forget() else None
    if error.reason == "CLOCK_SKEW" and "server_time" in error.metadata:
        clock.learn(datetime.fromisoformat(error.metadata["server_time"]))
        return Again(reissued(request, clock=clock), 0) if tried == 1 else None
    if error.reason in PASSING and tried < MOST_TRIES:
        return Again(request, jitter() * FIRST_PAUSE_SECONDS * 2**tried)
    return None
