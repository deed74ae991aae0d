"""Spans of announcing and handling: they continue the trace of the command that caused the event.

What happens more than five minutes after its cause (a recovery, a replay of old events) begins a trace of its own
that is linked to the cause, since no trace is open for days.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from opentelemetry.trace import Link, SpanKind, StatusCode

from libs.telemetry.journey import JourneyLabels, journey_labels, labels_from_baggage
from libs.telemetry.propagation import NO_CONTEXT, outgoing_headers, remote_context, span_context_of
from libs.telemetry.scrub import safe_text, type_name
from libs.telemetry.tracing import tracer
from omnithread.common.v1 import event_pb2

CONTINUES_TRACE_FOR = timedelta(minutes=5)

RecordHeaders = list[tuple[str, bytes]]
"""Headers as Kafka's driver takes and gives them."""


@contextmanager
def announcing(
    *, topic: str, event_id: str, traceparent: str, labels: JourneyLabels, age: timedelta
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
        _span(f"send {topic}", SpanKind.PRODUCER, traceparent, age, attributes),
    ):
        yield [(name, value.encode()) for name, value in outgoing_headers()]


@contextmanager
def handling(
    *, topic: str, group: str, header: event_pb2.EventHeader, headers: RecordHeaders, now: datetime
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
    age = now - header.record_time.ToDatetime(tzinfo=now.tzinfo)
    with (
        journey_labels(
            journey_id=baggage.journey_id,
            session_id=baggage.session_id or header.session_id,
            channel_id=header.channel.id,
            customer_id=header.customer_id,
        ),
        _span(f"process {topic}", SpanKind.CONSUMER, known.get("traceparent", header.traceparent), age, attributes),
    ):
        yield


@contextmanager
def _span(name: str, kind: SpanKind, traceparent: str, age: timedelta, attributes: Mapping[str, str]) -> Iterator[None]:
    cause = span_context_of(traceparent)
    continues = age <= CONTINUES_TRACE_FOR
    with tracer().start_as_current_span(
        name,
        context=remote_context(traceparent) if continues else NO_CONTEXT,
        kind=kind,
        attributes=dict(attributes),
        links=[Link(cause)] if cause and not continues else None,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except Exception as error:  # its text may quote a customer's data
            span.set_status(StatusCode.ERROR, type_name(error))
            span.add_event("exception", {"exception.type": type_name(error), "exception.message": safe_text(error)})
            raise
