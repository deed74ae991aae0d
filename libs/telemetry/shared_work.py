"""Work that is done once for several callers: the trace of each tells of it, and none of them has it as its own."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass

from opentelemetry.context import attach
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    StatusCode,
    get_current_span,
    set_span_in_context,
)

from libs.telemetry.journey import LABELS, NO_LABELS
from libs.telemetry.scrub import type_name
from libs.telemetry.tracing import tracer

TOGETHER = "omnithread.together"
"""Attribute of a span of work that was shared: for how many callers it was done."""


@dataclass(frozen=True, slots=True)
class Told:
    """How such work is told in a trace."""

    name: str
    attributes: Callable[[], Mapping[str, str | int]]
    """Asked once it is done, and only where somebody's trace is kept."""


def go_on_for_all() -> None:
    """Work under nobody's labels from here on, and in no trace that is kept: what it does itself is told to each."""
    LABELS.set(NO_LABELS)
    span = get_current_span()
    if span.is_recording():
        mine = span.get_span_context()
        unkept = SpanContext(mine.trace_id, mine.span_id, is_remote=False)
        attach(set_span_in_context(NonRecordingSpan(unkept)))


@contextmanager
def told_to_each(callers: Sequence[Context], told: Told | None) -> Iterator[None]:
    """Work inside for callers who wait in these contexts; nothing is told where no trace is kept, or no words given."""
    kept = [] if told is None else [one for one in callers if one.run(get_current_span).is_recording()]
    if told is None or not kept:
        yield
        return
    began, failure = time.time_ns(), ""
    try:
        yield
    except Exception as error:
        failure = type_name(error)
        raise
    finally:
        ended = time.time_ns()
        attributes = {**told.attributes(), TOGETHER: len(callers)}
        for one in kept:
            one.run(_tell, told.name, attributes, began, ended, failure)


def _tell(name: str, attributes: Mapping[str, str | int], began: int, ended: int, failure: str) -> None:
    span = tracer().start_span(name, kind=SpanKind.CLIENT, attributes=attributes, start_time=began)
    if failure:
        span.set_status(StatusCode.ERROR, failure)
        span.set_attribute("error.type", failure)
    span.end(ended)
