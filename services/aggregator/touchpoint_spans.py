"""Leads from trace to trace along a journey: the span that takes a touchpoint in links to the touchpoints beside it.

A trace is minutes long and a journey weeks, so the links are what a person walks by who has nothing but spans. News
comes late at times: what belongs between two touchpoints that are linked already names the later one as well.
"""

from collections.abc import Iterator

from opentelemetry import trace
from opentelemetry.trace import Span
from opentelemetry.util.types import AttributeValue

from libs.telemetry.propagation import span_context_of
from omnithread.context.v1.context_pb2 import TouchpointKind
from services.aggregator.journey_spans import journey_at
from services.aggregator.values import Thread, Touchpoint

TOUCHPOINT_ID = "touchpoint.id"
LINK_KIND = "link.kind"
PREVIOUS = "previous-touchpoint"
NEXT = "next-touchpoint"


def tell_on_span(thread: Thread, touchpoint: Touchpoint) -> None:
    """Put a touchpoint that was noted on the present span, with its links.

    A span that has taken in one already gets a span below it for the other.
    """
    span = trace.get_current_span()
    if not span.is_recording():
        return
    attributes = getattr(span, "attributes", None) or {}
    if attributes.get(TOUCHPOINT_ID, touchpoint.touchpoint_id) == touchpoint.touchpoint_id:
        _tell(span, thread, touchpoint)
        return
    with trace.get_tracer("omnithread").start_as_current_span("touchpoint") as own:
        _tell(own, thread, touchpoint)


def tell_newest_on_span(thread: Thread, touchpoint_id: str) -> None:
    """Do the same for one that is known by its id; nothing where so many newer ones are known that it has left them."""
    for touchpoint in thread.recent_touchpoints:
        if touchpoint.touchpoint_id == touchpoint_id:
            tell_on_span(thread, touchpoint)


def before(thread: Thread, touchpoint: Touchpoint) -> Touchpoint | None:
    """Give the touchpoint of the same journey that came before, as far as the newest ones tell; None for the first."""
    return next((one for one in _beside(thread, touchpoint) if _age(one) < _age(touchpoint)), None)


def after(thread: Thread, touchpoint: Touchpoint) -> Touchpoint | None:
    """Give the one that came after it and was heard of earlier; None where it came in its turn."""
    later = [one for one in _beside(thread, touchpoint) if _age(one) > _age(touchpoint)]
    return later[-1] if later else None


def _beside(thread: Thread, touchpoint: Touchpoint) -> Iterator[Touchpoint]:
    journey_id = journey_at(thread.timeline, touchpoint.occur_time)
    for one in thread.recent_touchpoints:  # newest first
        if one.traceparent and journey_at(thread.timeline, one.occur_time) == journey_id:
            yield one


def _tell(span: Span, thread: Thread, touchpoint: Touchpoint) -> None:
    journey_id = journey_at(thread.timeline, touchpoint.occur_time)
    told: dict[str, AttributeValue] = {
        TOUCHPOINT_ID: touchpoint.touchpoint_id,
        "touchpoint.kind": kind_name(touchpoint.kind),
        "touchpoint.time": touchpoint.occur_time.isoformat(),
        "touchpoint.channel.id": touchpoint.channel_id,
        "journey.id": journey_id,
    }
    if touchpoint.session_id:
        told["session.id"] = touchpoint.session_id
    span.set_attributes(told)
    for kind, other in ((PREVIOUS, before(thread, touchpoint)), (NEXT, after(thread, touchpoint))):
        context = span_context_of(other.traceparent) if other else None
        if other is not None and context is not None:
            span.add_link(context, {LINK_KIND: kind, TOUCHPOINT_ID: other.touchpoint_id, "journey.id": journey_id})


def kind_name(kind: int) -> str:
    """Give the name of a kind, as a person reads it: `PRODUCT_VIEWED`; a kind that is newer than us as its number."""
    value = TouchpointKind.DESCRIPTOR.values_by_number.get(kind)
    return value.name.removeprefix("TOUCHPOINT_KIND_") if value else str(kind)


def _age(touchpoint: Touchpoint) -> tuple[object, str]:
    return touchpoint.occur_time, touchpoint.touchpoint_id
