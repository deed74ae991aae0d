"""Spans of work that an earlier command caused: a reminder, an event handled, a recovery.

Soon after, the work belongs to the trace of that command. What happens more than five minutes later begins a trace of
its own, linked to its cause, since no trace is open for days.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer, use_span

from libs.telemetry.propagation import NO_CONTEXT, remote_context, span_context_of
from libs.telemetry.scrub import safe_text, type_name
from libs.telemetry.tracing import tracer

CONTINUES_TRACE_FOR = timedelta(minutes=5)


def start_effect(
    name: str,
    *,
    cause: str,
    age: timedelta,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int] | None = None,
    by: Tracer | None = None,
) -> Span:
    """Start the span of an effect of `cause`, a `traceparent` (empty where nothing is known) that is `age` old.

    It is not the current span; who starts it ends it, or works in it.
    `by` is the tracer, the process's own where none is given.
    """
    soon = age <= CONTINUES_TRACE_FOR
    caused_by = None if soon else span_context_of(cause)
    return (by or tracer()).start_span(
        name,
        context=remote_context(cause) if soon else NO_CONTEXT,
        kind=kind,
        attributes=attributes,
        links=[Link(caused_by)] if caused_by else None,
    )


@contextmanager
def working_in(span: Span) -> Iterator[Span]:
    """Make a span the current one inside, and end it; a failure inside is put on it."""
    with use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except Exception as error:
            put_failure(span, error)
            raise


def put_failure(span: Span, error: Exception) -> None:
    """Put on a span what went wrong, without the values that the error's text may quote."""
    if not span.is_recording():
        return
    span.set_status(StatusCode.ERROR, type_name(error))
    span.set_attribute("error.type", type_name(error))
    span.add_event("exception", {"exception.type": type_name(error), "exception.message": safe_text(error)})
