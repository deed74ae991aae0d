"""Which journey, session, channel and customer the present work belongs to: on every span and log line of it.

The labels live in a context variable, so they follow tasks and the driver's threads.
They label telemetry and decide nothing.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import quote, unquote

from opentelemetry import trace

MOST_LABEL_CHARACTERS = 128
MOST_BAGGAGE_CHARACTERS = 4096
LABEL = re.compile(rf"[A-Za-z0-9._:-]{{1,{MOST_LABEL_CHARACTERS}}}")
"""Ids only: an e-mail address or a name put into baggage by mistake never reaches a span."""


@dataclass(frozen=True, slots=True)
class JourneyLabels:
    """What a span is found by; empty where not known."""

    journey_id: str = ""
    session_id: str = ""
    channel_id: str = ""
    customer_id: str = ""

    def attributes(self) -> dict[str, str]:
        """Give the labels that are known, by their names on spans and log lines."""
        return {name: value for name in ATTRIBUTES if (value := getattr(self, ATTRIBUTES[name]))}


ATTRIBUTES = {
    "journey.id": "journey_id",
    "session.id": "session_id",
    "channel.id": "channel_id",
    "customer.id": "customer_id",
}
BAGGAGE = {key: ATTRIBUTES[key] for key in ("journey.id", "session.id", "channel.id")}
NO_LABELS = JourneyLabels()
LABELS: ContextVar[JourneyLabels] = ContextVar("omnithread_journey", default=NO_LABELS)


def current_labels() -> JourneyLabels:
    """Give the labels of the present work."""
    return LABELS.get()


@contextmanager
def journey_labels(
    *,
    journey_id: str | None = None,
    session_id: str | None = None,
    channel_id: str | None = None,
    customer_id: str | None = None,
) -> Iterator[JourneyLabels]:
    """Label the work inside; what is not given stays as it is. For consumers and sweeps: the door labels calls."""
    labels = _changed(LABELS.get(), journey_id, session_id, channel_id, customer_id)
    token = LABELS.set(labels)
    try:
        yield labels
    finally:
        LABELS.reset(token)


def add_journey_labels(
    *, journey_id: str | None = None, session_id: str | None = None, customer_id: str | None = None
) -> None:
    """Label the rest of this call or task, and its present span, with what was only now found out."""
    labels = _changed(LABELS.get(), journey_id, session_id, None, customer_id)
    LABELS.set(labels)
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes(labels.attributes())


def labels_from_baggage(header: str) -> JourneyLabels:
    """Read the three keys that we know from a W3C baggage header; everything else in it is dropped.

    A value that is no id of at most 128 characters counts as not given.
    """
    found: dict[str, str] = {}
    for member in header[:MOST_BAGGAGE_CHARACTERS].split(","):
        key, _, value = member.partition(";")[0].partition("=")
        field = BAGGAGE.get(key.strip())
        if field and LABEL.fullmatch(label := unquote(value.strip())):
            found.setdefault(field, label)
    return JourneyLabels(**found)


def baggage_of(labels: JourneyLabels) -> str:
    """Give the W3C baggage header for calls and events that this work causes; empty where nothing is known."""
    return ",".join(
        f"{key}={quote(value, safe='')}" for key, field in BAGGAGE.items() if (value := getattr(labels, field))
    )


def _changed(
    labels: JourneyLabels,
    journey_id: str | None,
    session_id: str | None,
    channel_id: str | None,
    customer_id: str | None,
) -> JourneyLabels:
    return JourneyLabels(
        journey_id=labels.journey_id if journey_id is None else journey_id,
        session_id=labels.session_id if session_id is None else session_id,
        channel_id=labels.channel_id if channel_id is None else channel_id,
        customer_id=labels.customer_id if customer_id is None else customer_id,
    )
