"""What the numbers of a process mean, and what is made of numbers that cannot be read."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from deploy.local.state import ROOT
from services.console.operations.figures import WANTED, Figures, Reading, figures_of, reading_of
from services.console.operations.lookout import Past
from services.console.operations.places import places_of
from services.console.operations.samples import MOST_SAMPLES, NotMetrics, samples_of


class Told:
    """A process that tells its numbers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kinds = ["method", "channel_kind"]
        self.calls = Counter("omnithread_calls", "Calls.", [*kinds, "code"], registry=self.registry)
        self.seconds = Histogram("omnithread_call_seconds", "Time.", kinds, buckets=(0.1, 1.0), registry=self.registry)
        self.lag = Gauge("omnithread_consumer_lag_seconds", "Lag.", ["reader", "area"], registry=self.registry)

    def answer(self, code: str, seconds: float) -> None:
        self.calls.labels("/cart/AddItem", "WEB", code).inc()
        self.seconds.labels("/cart/AddItem", "WEB").observe(seconds)

    def reading(self, time: float) -> Reading:
        return reading_of(samples_of(generate_latest(self.registry).decode(), wanted=WANTED), time=time)


def test_calls_of_the_last_seconds_are_told_apart_from_those_before() -> None:
    told = Told()
    for _ in range(100):
        told.answer("INTERNAL", 5)
    before = told.reading(10)
    for code in ("OK", "OK", "NOT_FOUND", "UNAVAILABLE"):
        told.answer(code, 0.05)
    calls = figures_of(told.reading(20), before).calls
    assert calls is not None
    assert (calls.answered, calls.faults, calls.refused, calls.per_second) == (4, 1, 1, 0.4)
    assert (calls.median_seconds, calls.slow_seconds) == (0.1, 0.1)


def test_at_the_first_look_what_is_told_is_since_the_start() -> None:
    told = Told()
    told.answer("OK", 7)
    calls = figures_of(told.reading(10), None).calls
    assert calls is not None
    assert (calls.seconds, calls.per_second, calls.answered) == (None, None, 1)
    assert calls.slow_seconds == math.inf


def test_a_process_that_began_anew_did_not_answer_less_than_nothing() -> None:
    old, new = Told(), Told()
    for _ in range(50):
        old.answer("OK", 0.05)
    new.answer("OK", 0.05)
    calls = figures_of(new.reading(20), old.reading(10)).calls
    assert calls is not None
    assert calls.answered == 1


def test_a_minute_is_remembered_and_no_more() -> None:
    past, told = Past(), Told()
    before = {time: past.keep(told.reading(time)) for time in range(0, 121, 2)}
    assert before[0] is None
    assert {time: kept.time for time, kept in before.items() if kept is not None and time <= 60} == dict.fromkeys(
        range(2, 61, 2), 0
    )
    last = before[120]
    assert last is not None
    assert 60 <= last.time <= 66  # the oldest that is not older than a minute, of those some seconds apart
    assert len(past.readings) <= 12


def test_what_is_not_told_is_nothing_and_not_zero() -> None:
    figures = figures_of(reading_of((), time=1), None)
    assert figures == Figures(None, None, None, (), None, None, None, None, None)


def test_each_reader_is_told_with_its_lag() -> None:
    told = Told()
    told.lag.labels("aggregator", "cart").set(31)
    told.lag.labels("aggregator", "profile").set(0)
    [reader] = figures_of(told.reading(1), None).readers
    assert (reader.areas, reader.lag_seconds, reader.slowest) == (("cart", "profile"), 31, "cart")
    assert (reader.behind, reader.parked) == (None, None)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_label_is_read_as_it_was_written(label: str) -> None:
    told = Told()
    told.lag.labels(label, "cart").set(3)
    openmetrics: bytes = generate_openmetrics(told.registry)  # type: ignore[no-untyped-call]
    for text in (generate_latest(told.registry), openmetrics):
        [sample] = samples_of(text.decode(), wanted={"omnithread_consumer_lag_seconds"})
        assert (sample.labels["reader"], sample.value) == (label, 3)


@given(st.text())
def test_whatever_comes_is_read_or_refused(text: str) -> None:
    for line in (text, f"omnithread_watchers{text}", f"omnithread_watchers{{{text}}} 1"):
        with contextlib.suppress(NotMetrics):
            figures_of(reading_of(samples_of(line, wanted=WANTED), time=1), None)


def test_all_that_the_page_reads_is_told_by_some_process() -> None:
    told = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert [name for name in WANTED if f"`{name.removesuffix('_bucket')}`" not in told] == []


def test_too_many_numbers_are_refused() -> None:
    with pytest.raises(NotMetrics, match="too many"):
        list(samples_of("omnithread_watchers 1\n" * (MOST_SAMPLES + 1), wanted=WANTED))


@pytest.mark.parametrize("written", ["cart", "cart=here", "cart=:1", "cart=a:99999", "=a:1", "cart=a:b"])
def test_a_place_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not like"):
        places_of(written)


def test_places_are_read_one_for_each_process() -> None:
    assert [(one.name, one.address) for one in places_of("cart=a:1, cart=[::1]:2,")] == [
        ("cart", "a:1"),
        ("cart", "[::1]:2"),
    ]
