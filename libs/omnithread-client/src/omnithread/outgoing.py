"""What every call gets on its way out, and what an answer may make us try once more. Pure, for both interceptors."""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import RetryInfo
from opentelemetry.trace import Span, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from omnithread.budget import RetryBudget
from omnithread.errors import ErrorDetails
from omnithread.labels import current_labels
from omnithread.requests import ServerClock, reissued
from omnithread.rpc_spans import customer_of, rpc_attributes, server_attributes, start_client_span
from omnithread.tokens import FRESH_TOKEN, TokenSource

RequestT = TypeVar("RequestT", bound=Message)

PASSING = frozenset({"CONFLICT", "OUTBOX_FULL"})
"""Refusals that are over in a moment: the same request, with the same id, is right."""
LOST_RACES = frozenset({"CONFLICT"})
"""Of these, which say nothing of a server that cannot keep up: they take nothing of the budget."""
TOO_MUCH = frozenset({"OVERLOADED", "RATE_LIMITED"})
"""Refusals that say themselves when to try again, in `google.rpc.RetryInfo`."""
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
    token: str,
    budget: RetryBudget,
    left_seconds: float = math.inf,
    jitter: Callable[[], float] = random.random,
) -> Again[RequestT] | None:
    """What to send after the error of try number `tried` (1, 2, ...), or None where that is up to the caller.

    `token` is the one that it was sent with. A refused token and a wrong clock are mended once. A race that was
    lost is tried again a few times: the request keeps its id, so nothing is done twice. What is too much
    for the server, or for the channel's allowance, is tried again after the time that the server names, where the call
    has so long (`left_seconds`), and as long as the budget lasts. So is an outbox that is full, and so is what a server
    cancelled: it stops, and grpc cancels what still waits there to be taken in.
    """
    if error.reason in FRESH_TOKEN:
        return Again(request, 0) if tokens.forget(token) and tried == 1 else None
    if error.reason == "CLOCK_SKEW" and "server_time" in error.metadata:
        clock.learn(datetime.fromisoformat(error.metadata["server_time"]))
        return Again(reissued(request, clock=clock), 0) if tried == 1 else None
    pause_seconds = _pause_seconds(error, tried, jitter())
    if pause_seconds is None or tried >= MOST_TRIES or pause_seconds >= left_seconds:
        return None
    return Again(request, pause_seconds) if error.reason in LOST_RACES or budget.take() else None


def _pause_seconds(error: ErrorDetails, tried: int, jitter: float) -> float | None:
    if error.reason in PASSING or (error.code is grpc.StatusCode.CANCELLED and not error.reason):
        return jitter * FIRST_PAUSE_SECONDS * float(2**tried)
    if error.reason in TOO_MUCH and (seconds := retry_seconds(error)):
        return seconds * (1 + jitter / 2)
    return None


def retry_seconds(error: ErrorDetails) -> float | None:
    """Give how long the server says to wait before the same request is sent again; None where it says nothing."""
    for detail in error.others:
        told = RetryInfo()
        if detail.Unpack(told):
            return told.retry_delay.ToMilliseconds() / 1000
    return None
