"""A trace reads from cause to effect, on one scale, however long it is."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.traces.durations import lasted, took
from services.console.traces.waterfall import FULL, MAX_LINES, waterfall_of
from tests.services.console.spans.samples import span

spans = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10**12), st.integers(0, 10**11)), max_size=40).map(
    lambda given: [
        span("t", str(n), parent=str(parent) if parent < n else "", start=start, took=took_ns)
        for n, (parent, start, took_ns) in enumerate(given)
    ]
)


@given(spans, st.integers(1, 50))
def test_every_bar_is_on_the_track_and_what_is_not_drawn_is_counted(given: list, most: int) -> None:  # type: ignore[type-arg]  # Hypothesis
    drawn = waterfall_of(given, most=most)
    assert len(drawn.lines) <= most
    for line in drawn.lines:
        assert 0 <= line.left <= line.left + line.width <= FULL + 0.01
        assert line.width > 0
    if not drawn.next_from:
        assert len(drawn.lines) + sum(line.hidden_count for line in drawn.lines) == len(given)


def test_a_bar_begins_when_its_span_began() -> None:
    drawn = waterfall_of([span("t", "a", took=100), span("t", "b", parent="a", start=50, took=25)])
    assert [(line.depth, line.left, line.width) for line in drawn.lines] == [(0, 0, FULL), (1, 500, 250)]
    assert [tick for _, tick in drawn.ticks] == [0, 20, 40, 60, 80]


def test_a_trace_of_five_thousand_spans_is_drawn_as_deep_as_there_is_room_and_failures_below_are_told() -> None:
    top = [span("t", "top", took=10**6)]
    middle = [span("t", f"m{n}", parent="top", start=n) for n in range(50)]
    below = [
        span("t", f"b{n}", parent=f"m{n % 50}", start=n, error="CART_LOCKED" if n == 7 else "") for n in range(5000)
    ]
    drawn = waterfall_of(top + middle + below)
    assert [line.span.name for line in drawn.lines] == ["top", *(f"m{n}" for n in range(50))]
    assert [(line.hidden_count, line.hidden_errors) for line in drawn.lines if line.hidden_errors] == [(100, 1)]
    opened = waterfall_of(top + middle + below, under="m7")
    assert [line.depth for line in opened.lines] == [0, *[1] * 100]
    assert [line.span.name for line in opened.lines if line.span.error] == ["b7"]


def test_a_row_of_too_many_is_read_page_by_page() -> None:
    many = [span("t", f"{n:05}", start=n) for n in range(2 * MAX_LINES + 10)]
    first = waterfall_of(many)
    last = waterfall_of(many, skip=2 * MAX_LINES)
    assert (len(first.lines), first.next_from) == (MAX_LINES, MAX_LINES)
    assert (len(last.lines), last.next_from) == (10, 0)


def test_an_unknown_part_is_empty() -> None:
    assert waterfall_of([span("t", "a")], under="nobody").lines == ()


@pytest.mark.parametrize(
    ("nanoseconds", "said"),
    [(0, "0 µs"), (420_000, "420 µs"), (12_500_000, "12.5 ms"), (3_200_000_000, "3.20 s"), (125 * 10**9, "2 min 5 s")],
)
def test_how_long_it_took_is_said_in_a_unit_that_fits(nanoseconds: int, said: str) -> None:
    assert took(nanoseconds) == said


@pytest.mark.parametrize(
    ("time", "said"),
    [
        (timedelta(seconds=40), "40 s"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=3, minutes=20), "3 h 20 min"),
        (timedelta(days=1, hours=2), "1 day 2 h"),
        (timedelta(days=12, hours=5), "12 days"),
    ],
)
def test_how_long_it_was_silent_is_said_in_two_units_at_most(time: timedelta, said: str) -> None:
    assert lasted(time) == said
