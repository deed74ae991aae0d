"""Spans of work that an earlier command caused: a reminder, an event handled, a recovery.

Soon after, the work belongs to the trace of that command. What happens more than five minutes later begins a trace of
its own, linked to its cause, since no trace is open for days.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer

from libs.telemetry.propagation import NO_CONTEXT, remote_context, span_context_of
from libs.telemetry.scrub import safe_text, type_name
from libs.telemetry.tracing import tracer

CONTINUES_TRACE_FOR = timedelta(minutes=5)


@contextmanager
def span_of_effect(
    name: str,
    *,
    cause: str,
    age: timedelta,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int] | None = None,
    by: Tracer | None = None,
) -> Iterator[Span]:
    """Work inside as an effect of `cause`, a `traceparent` (empty where nothing is known) that is `age` old.

    A failure inside is put on the span, without the values that its text may quote.
    `by` is the tracer, the process's own where none is given.
    """
    caused_by = span_context_of(cause)
    soon = age <= CONTINUES_TRACE_FOR
    with (by or tracer()).start_as_current_span(
        name,
        context=remote_context(cause) if soon else NO_CONTEXT,
        kind=kind,
        attributes=dict(attributes or {}),
        links=[Link(caused_by)] if caused_by and not soon else None,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except Exception as error:
            span.set_status(StatusCode.ERROR, type_name(error))
            span.set_attribute("error.type", type_name(error))
            span.add_event("exception", {"exception.type": type_name(error), "exception.message": safe_text(error)})
            raise
