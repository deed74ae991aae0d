"""Spans of announcing and handling, with the journey's labels: effects of the command that caused the event.

So one trace shows the command, its announcement and what it caused elsewhere; a recovery has a trace of its own.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Tracer

from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.journey import LABELS, JourneyLabels, journey_labels, labels_from_baggage
from libs.telemetry.propagation import NO_CONTEXT, headers_of, span_context_of
from libs.telemetry.tracing import tracer as default_tracer
from omnithread.common.v1 import event_pb2

RecordHeaders = list[tuple[str, bytes]]
"""Headers as Kafka's driver takes and gives them."""
TakenRecord = tuple[str, RecordHeaders]
"""The topic of a record and its headers."""


def start_announcing(
    *, topic: str, event_id: str, traceparent: str, labels: JourneyLabels, age: timedelta, tracer: Tracer | None
) -> tuple[Span, RecordHeaders]:
    """Start the span of announcing one event, and give the headers that it goes with; who starts it ends it.

    It is never the current span: many are announced at once, and nothing is traced inside.
    """
    attributes = {
        "messaging.system": "kafka",
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": topic,
        "messaging.message.id": event_id,
    }
    before = LABELS.set(labels)
    try:
        span = start_effect(
            f"send {topic}", cause=traceparent, age=age, kind=SpanKind.PRODUCER, attributes=attributes, by=tracer
        )
    finally:
        LABELS.reset(before)
    return span, [(name, value.encode()) for name, value in headers_of(span, labels)]


@contextmanager
def handling(
    *,
    topic: str,
    group: str,
    header: event_pb2.EventHeader,
    headers: RecordHeaders,
    place: tuple[int, int] | None = None,
    now: datetime,
    tracer: Tracer | None,
) -> Iterator[None]:
    """Handle one event inside; without headers (a replay), its own header tells trace, session and channel.

    `place` is the record's partition and offset, where Kafka brought it.
    """
    known = known_headers(headers)
    baggage = labels_from_baggage(known.get("baggage", ""))
    attributes: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": topic,
        "messaging.consumer.group.name": group,
        "messaging.message.id": header.event_id,
    }
    if place is not None:
        attributes |= at_place(*place)
    cause = known.get("traceparent", header.traceparent)
    age = now - header.record_time.ToDatetime(tzinfo=now.tzinfo)
    with (
        journey_labels(
            journey_id=baggage.journey_id,
            session_id=baggage.session_id or header.session_id,
            channel_id=header.channel.id,
            customer_id=header.customer_id,
        ),
        working_in(
            start_effect(
                f"process {topic}", cause=cause, age=age, kind=SpanKind.CONSUMER, attributes=attributes, by=tracer
            )
        ),
    ):
        yield


@contextmanager
def taking(*, group: str, records: Iterable[TakenRecord], tracer: Tracer | None) -> Iterator[None]:
    """Take over one batch inside, from its receipt until its offsets are committed.

    Each event is handled in the trace of its own cause. What is done for the batch as a whole (reading cursors,
    writing them) belongs to all of these: it has a trace of its own with a link to every cause.
    """
    topics, causes, count = set[str](), dict[int, SpanContext](), 0
    for topic, headers in records:
        topics.add(topic)
        count += 1
        if cause := span_context_of(known_headers(headers).get("traceparent", "")):
            causes[cause.span_id] = cause
    attributes: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.name": "poll",
        "messaging.operation.type": "receive",
        "messaging.consumer.group.name": group,
        "messaging.batch.message_count": count,
    }
    name, only = "poll", next(iter(topics)) if len(topics) == 1 else ""
    if only:
        name, attributes["messaging.destination.name"] = f"poll {only}", only
    with (tracer or default_tracer()).start_as_current_span(
        name,
        context=NO_CONTEXT,
        kind=SpanKind.CLIENT,
        attributes=attributes,
        links=[Link(one) for one in causes.values()],
    ):
        yield


@contextmanager
def of_customer(customer_id: str, headers: RecordHeaders) -> Iterator[None]:
    """Label what is done for one customer of a batch, beside handling their events."""
    baggage = labels_from_baggage(known_headers(headers).get("baggage", ""))
    with journey_labels(
        journey_id=baggage.journey_id,
        session_id=baggage.session_id,
        channel_id=baggage.channel_id,
        customer_id=customer_id,
    ):
        yield


def at_place(partition: int, offset: int) -> dict[str, str | int]:
    """Say where on a topic a record is."""
    return {"messaging.destination.partition.id": str(partition), "messaging.kafka.offset": offset}


def known_headers(headers: RecordHeaders) -> dict[str, str]:
    """Read headers as text; whoever wrote them, only ids are ever taken from it."""
    return {name: value.decode("ascii", "ignore") for name, value in headers}
