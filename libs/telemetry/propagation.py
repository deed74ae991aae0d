"""Trace context in and out of headers, for calls and for Kafka records alike (W3C `traceparent` and `baggage`)."""

import re

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, TraceFlags

from libs.telemetry.journey import JourneyLabels, baggage_of, current_labels

TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
NO_CONTEXT = Context()


def span_context_of(traceparent: str) -> SpanContext | None:
    """Read a `traceparent`; None where it is none, as for a root."""
    match = TRACEPARENT.fullmatch(traceparent)
    if match is None or match[1] == "ff" or (match[1] == "00" and match[5]):
        return None
    context = SpanContext(
        trace_id=int(match[2], 16), span_id=int(match[3], 16), is_remote=True, trace_flags=TraceFlags(int(match[4], 16))
    )
    return context if context.is_valid else None


def remote_context(traceparent: str) -> Context:
    """Give the context to start a span in that continues `traceparent`; an empty one starts a new trace."""
    parent = span_context_of(traceparent)
    return NO_CONTEXT if parent is None else trace.set_span_in_context(NonRecordingSpan(parent), NO_CONTEXT)


def traceparent_of(context: SpanContext) -> str:
    """Write a span's context; empty where there is none."""
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags & TraceFlags.SAMPLED:02x}"


def current_traceparent() -> str:
    """Give the trace context of the present work; empty outside of any span."""
    return traceparent_of(trace.get_current_span().get_span_context())


def outgoing_headers() -> list[tuple[str, str]]:
    """Give `traceparent` and `baggage` of the present work; what is not known is left out."""
    return headers_of(trace.get_current_span(), current_labels())


def headers_of(span: Span, labels: JourneyLabels) -> list[tuple[str, str]]:
    """Give `traceparent` and `baggage` of work in this span with these labels; what is not known is left out."""
    headers = (("traceparent", traceparent_of(span.get_span_context())), ("baggage", baggage_of(labels)))
    return [(name, value) for name, value in headers if value]
