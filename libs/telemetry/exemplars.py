"""Exemplars: one measured value of a histogram that names its trace.

Prometheus keeps one for each bucket and scrape, so more than one a second would only cost.
"""

import time
from collections.abc import Callable

from opentelemetry.trace import SpanContext, format_span_id, format_trace_id, get_current_span

EVERY_SECONDS = 1.0
ALWAYS_FROM_SECONDS = 1.0
"""Whoever looks for what was slow finds a trace of it."""


class Exemplars:
    """Chooses the values of one histogram that get an exemplar: slow ones, and else one a second, of kept traces."""

    __slots__ = ("_due", "_now")

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._due = float("-inf")

    def of(self, seconds: float, span: SpanContext | None = None) -> dict[str, str] | None:
        """Give the exemplar of a value that was measured in this span, else in the current one; None for most.

        A trace that is not kept is never named: nobody would find it.
        """
        span = get_current_span().get_span_context() if span is None else span
        if not span.trace_flags.sampled:
            return None
        now = self._now()
        if now < self._due and seconds < ALWAYS_FROM_SECONDS:
            return None
        self._due = now + EVERY_SECONDS
        return {"trace_id": format_trace_id(span.trace_id), "span_id": format_span_id(span.span_id)}
