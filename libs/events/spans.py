"""Spans of announcing and handling, with the journey's labels: effects of the command that caused the event.

So one trace shows the command, its announcement and what it caused elsewhere; a recovery has a trace of its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from opentelemetry.trace import SpanKind, Tracer

from libs.telemetry.causes import span_of_effect
from libs.telemetry.journey import JourneyLabels, journey_labels, labels_from_baggage
from libs.telemetry.propagation import outgoing_headers
from omnithread.common.v1 import event_pb2

RecordHeaders = list[tuple[str, bytes]]
"""Headers as Kafka's driver takes and gives them."""


@contextmanager
def announcing(
    *, topic: str, event_id: str, traceparent: str, labels: JourneyLabels, age: timedelta, tracer: Tracer | None
) -> Iterator[RecordHeaders]:
    """Announce one event inside, with the headers given; a failure inside is put on the span."""
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        "messaging.message.id": event_id,
    }
    with (
        journey_labels(
            journey_id=labels.journey_id,
            session_id=labels.session_id,
            channel_id=labels.channel_id,
            customer_id=labels.customer_id,
        ),
        span_of_effect(
            f"send {topic}", cause=traceparent, age=age, kind=SpanKind.PRODUCER, attributes=attributes, by=tracer
        ),
    ):
        yield [(name, value.encode()) for name, value in outgoing_headers()]


@contextmanager
def handling(
    *,
    topic: str,
    group: str,
    header: event_pb2.EventHeader,
    headers: RecordHeaders,
    now: datetime,
    tracer: Tracer | None,
) -> Iterator[None]:
    """Handle one event inside; without headers (a replay), its own header tells trace, session and channel."""
    known = {name: value.decode("ascii", "ignore") for name, value in headers}
    baggage = labels_from_baggage(known.get("baggage", ""))
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": topic,
        "messaging.consumer.group.name": group,
        "messaging.message.id": header.event_id,
    }
    cause = known.get("traceparent", header.traceparent)
    age = now - header.record_time.ToDatetime(tzinfo=now.tzinfo)
    with (
        journey_labels(
            journey_id=baggage.journey_id,
            session_id=baggage.session_id or header.session_id,
            channel_id=header.channel.id,
            customer_id=header.customer_id,
        ),
        span_of_effect(
            f"process {topic}", cause=cause, age=age, kind=SpanKind.CONSUMER, attributes=attributes, by=tracer
        ),
    ):
        yield
