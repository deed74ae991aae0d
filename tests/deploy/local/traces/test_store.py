"""The store holds what it can, and the tree reads as causes did."""

from deploy.local.traces.spans import Span
from deploy.local.traces.store import SpanStore
from deploy.local.traces.tree import rows


def span(trace: str, name: str, *, parent: str = "", start: int = 0, size: int = 100) -> Span:
    return Span(
        trace_id=trace,
        span_id=name,
        parent_span_id=parent,
        name=name,
        service="cart",
        kind="server",
        start_ns=start,
        end_ns=start + 10,
        error="",
        attributes={},
        linked_trace_ids=(),
        size_bytes=size,
    )


def test_when_it_is_full_the_oldest_trace_is_forgotten_whole() -> None:
    store = SpanStore(max_spans=3)
    store.add([span("old", "a"), span("old", "b"), span("new", "c"), span("new", "d")])
    assert store.trace("old") == []
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


def test_what_caused_stands_above_what_it_caused() -> None:
    spans = [
        span("t", "consumer", parent="publish", start=9),
        span("t", "server", parent="client", start=2),
        span("t", "publish", parent="server", start=5),
        span("t", "client", start=1),
        span("t", "mongo", parent="server", start=3),
    ]
    assert [(row.depth, row.span.name) for row in rows(spans)] == [
        (0, "client"),
        (1, "server"),
        (2, "mongo"),
        (2, "publish"),
        (3, "consumer"),
    ]


def test_a_span_whose_parent_is_elsewhere_stands_at_the_top() -> None:
    assert [row.depth for row in rows([span("t", "server", parent="elsewhere"), span("t", "a", parent="server")])] == [
        0,
        1,
    ]
