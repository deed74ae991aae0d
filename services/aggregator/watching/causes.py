"""The span of a read for watchers: an effect of the change that caused it, linked to the others that it covers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from opentelemetry.trace import Tracer

from libs.telemetry.causes import start_effect, working_in
from libs.telemetry.propagation import span_context_of
from services.aggregator.watching.watchers import Cause

SPAN = "read for watchers"


@contextmanager
def reading_because(causes: Sequence[Cause], *, now: datetime, tracer: Tracer | None) -> Iterator[None]:
    """Read inside. A look without a cause has no span: nobody did anything."""
    if not causes:
        yield
        return
    first, *others = causes
    with working_in(start_effect(SPAN, cause=first.traceparent, age=now - first.time, by=tracer)) as span:
        for other in others:
            caused_by = span_context_of(other.traceparent)
            if caused_by is not None:
                span.add_link(caused_by)
        yield
