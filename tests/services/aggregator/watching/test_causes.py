"""What is read for watchers is found in the trace of the change that caused it, and linked to the others."""

from datetime import timedelta

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.aggregator.watching.causes import SPAN, reading_because
from services.aggregator.watching.watchers import Cause
from tests.services.aggregator.samples import NOON

FIRST, SECOND = (f"00-{trace:032x}-{1:016x}-01" for trace in (0xA, 0xB))


def spans_of(*causes: Cause, minutes_later: int = 0) -> list[tuple[str, int, list[int]]]:
    """Name, trace and linked traces of what is made."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    now = NOON + timedelta(minutes=minutes_later)
    with reading_because(causes, now=now, tracer=provider.get_tracer("test")):
        pass
    return [
        (span.name, span.context.trace_id, [link.context.trace_id for link in span.links])
        for span in exporter.get_finished_spans()
        if span.context is not None
    ]


def test_a_read_goes_on_with_the_trace_of_the_first_change_and_is_linked_to_the_others() -> None:
    assert spans_of(Cause(FIRST, NOON), Cause(SECOND, NOON), Cause("", NOON)) == [(SPAN, 0xA, [0xB])]


def test_a_read_long_after_the_change_has_a_trace_of_its_own() -> None:
    [(_, trace_id, links)] = spans_of(Cause(FIRST, NOON), minutes_later=10)
    assert trace_id != 0xA
    assert links == [0xA]


def test_a_look_that_nobody_caused_has_no_span() -> None:
    assert spans_of() == []
