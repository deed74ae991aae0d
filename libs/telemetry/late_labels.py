"""Whose journey a call belongs to is often found out within it: what was done before is labelled all the same.

The spans of a call or an event in this process are handed on together, when the first of them ends, with the labels
that it has by then. So the question to MongoDB that found the customer bears the customer's id.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeAlias

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.trace import get_current_span
from opentelemetry.util.types import AttributeValue

from libs.telemetry.journey import ATTRIBUTES

MOST_HELD_TOGETHER = 200
"""Of one call; when there are more they go on with the labels that are known by then."""
MOST_HELD = 5000
"""Of the process."""
MOST_OPEN = 20_000
"""Of more spans that are open at once, the oldest are forgotten: streams of hours, and what will never end."""
MOST_REMEMBERED = 2000
"""Spans that have ended, of which something may still begin: work that a call left behind is labelled as the call."""
LONGEST_HOLD_SECONDS = 10.0
"""A stream may be open for hours: what ended in it goes on after so long, and what ends later is held no more."""
CUSTOMER = "customer.id"
_NOTHING: Mapping[str, AttributeValue] = {}
_Ready: TypeAlias = tuple[list[ReadableSpan], Mapping[str, AttributeValue]]
"""Spans to hand on, and the labels that they may lack."""


class LateLabels(SpanProcessor):
    """Holds spans back until their first one in this process ends."""

    def __init__(self, following: SpanProcessor, now: Callable[[], float] = time.monotonic) -> None:
        self.following = following
        self._now = now
        self._lock = threading.Lock()
        self._open: dict[int, _Together] = {}
        self._ended: dict[int, _Together] = {}
        self._waiting: dict[_Together, float] = {}
        """Those that hold spans, since when, the oldest first."""
        self._held = 0

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note with which others a span belongs."""
        self.following.on_start(span, parent_context)
        parent = get_current_span(parent_context).get_span_context()
        with self._lock:
            together = None if parent.is_remote else self._open.get(parent.span_id) or self._ended.get(parent.span_id)
            self._open[span.get_span_context().span_id] = together or _Together(span, self._now())
            if len(self._open) > MOST_OPEN:
                del self._open[next(iter(self._open))]

    def on_end(self, span: ReadableSpan) -> None:
        """Hand on what need not wait any more."""
        context, now = span.get_span_context(), self._now()
        with self._lock:
            together = self._open.pop(context.span_id, None) if context else None
            if context and together:
                self._remember(context.span_id, together)
            ready = [([span], _NOTHING)] if together is None else self._held_or_ready(together, span, now)
            while self._waiting and now - self._waiting[oldest := next(iter(self._waiting))] > LONGEST_HOLD_SECONDS:
                ready.append(self._take(oldest))
        self._hand_on(ready)

    def shutdown(self) -> None:
        """Hand on all, and end."""
        self._let_go()
        self.following.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Hand on all that has ended."""
        self._let_go()
        return self.following.force_flush(timeout_millis)

    def _remember(self, span_id: int, together: "_Together") -> None:
        self._ended[span_id] = together
        if len(self._ended) > MOST_REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def _held_or_ready(self, together: "_Together", span: ReadableSpan, now: float) -> "list[_Ready]":
        together.held.append(span)
        self._held += 1
        if together.is_over_with(span) or together.must_go(now) or self._held >= MOST_HELD:
            return [self._take(together)]
        self._waiting.setdefault(together, now)
        return []

    def _take(self, together: "_Together") -> "_Ready":
        ready, together.held = together.held, []
        self._held -= len(ready)
        self._waiting.pop(together, None)
        return ready, together.labels()

    def _let_go(self) -> None:
        with self._lock:
            ready = [self._take(one) for one in list(self._waiting)]
        self._hand_on(ready)

    def _hand_on(self, ready: "list[_Ready]") -> None:
        for spans, labels in ready:
            for one in spans:
                self.following.on_end(_labelled(one, labels))


class _Together:
    """The spans of one call or event in this process."""

    __slots__ = ("_since", "first", "held", "is_over")

    def __init__(self, first: Span, now: float) -> None:
        self.first = first
        self.held: list[ReadableSpan] = []
        self.is_over = False
        self._since = now

    def is_over_with(self, span: ReadableSpan) -> bool:
        """Note that a span ended, and say whether the first one has."""
        self.is_over = self.is_over or span is self.first or span.get_span_context() == self.first.get_span_context()
        return self.is_over

    def must_go(self, now: float) -> bool:
        """Whether nothing more is waited for, although the first one goes on."""
        return len(self.held) >= MOST_HELD_TOGETHER or now - self._since > LONGEST_HOLD_SECONDS

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
