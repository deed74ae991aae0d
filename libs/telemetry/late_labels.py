"""Whose journey a call belongs to is often found out within it: what was done before is labelled all the same.

The spans of a call or an event in this process are handed on together, when the first of them ends, with the labels
that it has by then. So the question to MongoDB that found the customer bears the customer's id.
"""

import threading
import time
from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import get_current_span
from opentelemetry.util.types import AttributeValue

from libs.telemetry.journey import ATTRIBUTES

MOST_HELD_TOGETHER = 200
"""Of one call; when there are more they go on with the labels that are known by then."""
MOST_HELD = 5000
"""Of the process."""
MOST_OPEN = 100_000
"""Of more spans that are open at once, what they belong to is no longer noted."""
LONGEST_HOLD_SECONDS = 10.0
"""A stream may be open for hours: what ends in it later is held no more."""
CUSTOMER = "customer.id"


class LateLabels(SpanProcessor):
    """Holds spans back until their first one in this process ends."""

    def __init__(self, following: SpanProcessor) -> None:
        self.following = following
        self._lock = threading.Lock()
        self._open: dict[int, _Together] = {}
        self._held = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note with which others a span belongs."""
        self.following.on_start(span, parent_context)
        parent = get_current_span(parent_context).get_span_context()
        with self._lock:
            together = None if parent.is_remote else self._open.get(parent.span_id)
            if len(self._open) < MOST_OPEN:
                self._open[span.get_span_context().span_id] = together or _Together(span)

    def on_end(self, span: ReadableSpan) -> None:
        """Hand on what need not wait any more."""
        context = span.get_span_context()
        with self._lock:
            together = self._open.pop(context.span_id, None) if context else None
            ready = [span] if together is None else self._ready(together, span)
            labels = {} if together is None else together.labels()
        for one in ready:
            self.following.on_end(_labelled(one, labels))

    def shutdown(self) -> None:
        """Hand on all, and end."""
        self._let_go()
        self.following.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Hand on all that has ended."""
        self._let_go()
        return self.following.force_flush(timeout_millis)

    def _ready(self, together: "_Together", span: ReadableSpan) -> list[ReadableSpan]:
        together.held.append(span)
        self._held += 1
        is_first = span.get_span_context() == together.first.get_span_context()
        together.is_over = together.is_over or is_first
        if not together.must_go and self._held < MOST_HELD:
            return []
        ready, together.held = together.held, []
        self._held -= len(ready)
        return ready

    def _let_go(self) -> None:
        with self._lock:
            waiting = [(one.held, one.labels()) for one in {id(one): one for one in self._open.values()}.values()]
            for one in self._open.values():
                one.held = []
            self._held = 0
        for held, labels in waiting:
            for span in held:
                self.following.on_end(_labelled(span, labels))


class _Together:
    """The spans of one call or event in this process."""

    __slots__ = ("_since", "first", "held", "is_over")

    def __init__(self, first: Span) -> None:
        self.first = first
        self.held: list[ReadableSpan] = []
        self.is_over = False
        self._since = time.monotonic()

    @property
    def must_go(self) -> bool:
        """Whether nothing more is waited for."""
        waited = time.monotonic() - self._since
        return self.is_over or len(self.held) >= MOST_HELD_TOGETHER or waited > LONGEST_HOLD_SECONDS

    def labels(self) -> dict[str, AttributeValue]:
        """Give what is known by now."""
        return {name: value for name, value in (self.first.attributes or {}).items() if name in ATTRIBUTES}


def _labelled(span: ReadableSpan, labels: Mapping[str, AttributeValue]) -> ReadableSpan:
    """Give the span with the labels that it lacks; one of another customer's stays as it is."""
    own = span.attributes or {}
    lacking = {name: value for name, value in labels.items() if name not in own}
    if not lacking or own.get(CUSTOMER, labels.get(CUSTOMER)) != labels.get(CUSTOMER):
        return span
    return ReadableSpan(
        name=span.name,
        context=span.get_span_context(),
        parent=span.parent,
        resource=span.resource,
        attributes={**own, **lacking},
        events=span.events,
        links=span.links,
        kind=span.kind,
        status=span.status,
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
