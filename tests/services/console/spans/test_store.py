"""The store holds what it can, and the tree reads as causes did."""

from hypothesis import given
from hypothesis import strategies as st

from services.console.spans.store import MAX_SPANS_OF_A_TRACE, SpanStore
from services.console.spans.tree import rows
from tests.services.console.spans.samples import span


def test_when_it_is_full_the_oldest_trace_is_forgotten_whole() -> None:
    store = SpanStore(max_spans=3)
    store.add([span("old", "a", journey="j", links=("x",)), span("old", "b")])
    store.add([span("new", "c", journey="k"), span("new", "d")])
    assert store.trace("old") == []
    assert store.journey("j") == []
    assert store.linking_to("x") == []
    assert [one.name for one in store.trace("new")] == ["c", "d"]


def test_bytes_are_bounded_as_well_as_spans() -> None:
    store = SpanStore(max_bytes=250)
    store.add([span("one", "a"), span("two", "b"), span("three", "c")])
    assert [trace[0].trace_id for trace in store.newest(10)] == ["three", "two"]
    store.add([span("huge", "d", size=1000)])
    assert store.newest(10) == []


def test_a_span_that_an_exporter_sends_twice_counts_once() -> None:
    store = SpanStore(max_spans=2)
    store.add([span("one", "a"), span("one", "a"), span("two", "b")])
    assert [len(store.trace("one")), len(store.trace("two"))] == [1, 1]


def test_what_services_say_to_each_other_does_not_push_out_journeys() -> None:
    store = SpanStore(max_spans=10)
    store.add([span("journey", "a", start=1, journey="j"), span("journey", "b", start=1)])
    for number in range(50):
        store.add([span(f"heads-{number}", "a", start=2 + number)])
    assert len(store.trace("journey")) == 2
    assert store.trace("heads-49")
    assert [trace[0].trace_id for trace in store.newest(5, of_journeys=True)] == ["journey"]
    assert [trace[0].trace_id for trace in store.newest(2)] == ["heads-49", "heads-48"]
    for number in range(50):
        store.add([span(f"journey-{number}", "a", start=100 + number, journey="k")])
    assert store.trace("journey") == []
    assert store.trace("heads-49"), "a fifth is theirs: a trace may get its journey with a later span"
    store.add([span("heads-49", "b", start=101, journey="k")])
    assert len(store.journey("k")) == 8


def test_a_trace_that_never_ends_pushes_no_other_out() -> None:
    store = SpanStore()
    store.add([span("good", "a")])
    store.add(span("endless", str(number)) for number in range(MAX_SPANS_OF_A_TRACE + 10))
    assert len(store.trace("endless")) == MAX_SPANS_OF_A_TRACE
    assert store.trace("good")


def test_it_says_which_traces_go_on_from_one() -> None:
    store = SpanStore()
    store.add([span("first", "a"), span("later", "b", start=9, links=("first",)), span("soon", "c", links=("first",))])
    store.add([span("first", "self", links=("first",))])
    assert [spans[0].trace_id for spans in store.linking_to("first")] == ["soon", "later"]


def test_what_caused_stands_above_what_it_caused() -> None:
    spans = [
        span("t", "consumer", parent="publish", start=9),
        span("t", "server", parent="client", start=2),
        span("t", "publish", parent="server", start=5),
        span("t", "client", start=1),
        span("t", "mongo", parent="server", start=3),
    ]
    assert [(row.depth, row.below, row.span.name) for row in rows(spans)] == [
        (0, 4, "client"),
        (1, 3, "server"),
        (2, 0, "mongo"),
        (2, 1, "publish"),
        (3, 0, "consumer"),
    ]


def test_a_span_whose_parent_is_elsewhere_stands_at_the_top() -> None:
    assert [row.depth for row in rows([span("t", "server", parent="elsewhere"), span("t", "a", parent="server")])] == [
        0,
        1,
    ]


@given(st.lists(st.integers(0, 12), max_size=12))
def test_every_span_stands_once_below_what_caused_it(parents: list[int]) -> None:
    spans = [span("t", str(n), parent=str(parent) if parent < n else "", start=n) for n, parent in enumerate(parents)]
    drawn = rows(spans)
    assert sorted(row.span.name for row in drawn) == sorted(one.name for one in spans)
    for place, row in enumerate(drawn):
        under = drawn[place + 1 : place + 1 + row.below]
        assert all(one.depth > row.depth for one in under)
        assert place + 1 + row.below == len(drawn) or drawn[place + 1 + row.below].depth <= row.depth
