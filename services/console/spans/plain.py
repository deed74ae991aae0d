"""Spans as JSON, for programs that read what was taken."""

from dataclasses import asdict
from typing import Any

from services.console.spans.values import Span, SpanEvent, SpanLink

Plain = dict[str, Any]  # JSON


def plain_of(span: Span) -> Plain:
    """Write one span."""
    return asdict(span)


def span_of(plain: Plain) -> Span:
    """Read one span as it was written here."""
    return Span(
        **{
            **plain,
            "links": tuple(SpanLink(**link) for link in plain["links"]),
            "events": tuple(SpanEvent(**event) for event in plain["events"]),
        }
    )
