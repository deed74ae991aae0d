"""A journey is walked trace by trace, in both directions."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from omnithread.context.v1.context_pb2 import Journey
from services.console.journeys.marks import Mark
from services.console.traces.around import Around, placed
from tests.services.console.journeys.samples import BEGIN


def at(marks: list[Mark], trace_id: str) -> Around:
    return placed(marks, trace_id=trace_id, customer_id="c", journey=Journey())


def journey(traces: list[str]) -> list[Mark]:
    return [
        Mark(f"tp_{n}", BEGIN + n * timedelta(days=1), "web-shop", 1, 2, trace_id=trace)
        for n, trace in enumerate(traces)
    ]


@given(st.lists(st.sampled_from(["", "a", "b", "c", "d"]), max_size=12))
def test_from_any_trace_the_way_back_ends_at_the_first_one(traces: list[str]) -> None:
    marks = journey(traces)
    traced = [trace for trace in traces if trace]
    for start in set(traced):
        place, steps = at(marks, start), 0
        while place.before is not None:
            assert place.before.time < place.here[0].time
            place, steps = at(marks, place.before.trace_id), steps + 1
            assert steps <= len(traces)
        assert place.here[0].trace_id == traced[0]


def test_touchpoints_of_one_trace_are_one_stop() -> None:
    place = at(journey(["a", "b", "b", "", "c"]), "b")
    assert place.before is not None
    assert place.after is not None
    assert (place.before.trace_id, len(place.here), place.after.trace_id) == ("a", 2, "c")


def test_a_trace_without_a_touchpoint_has_no_place() -> None:
    assert at(journey(["a"]), "x") == Around("c", Journey())
