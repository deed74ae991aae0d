"""Enough of PromQL is read to know which metrics and labels a query names."""

import pytest

from deploy.observability.promql import Named, Unreadable, named_in


@pytest.mark.parametrize(
    ("query", "metrics", "labels"),
    [
        ("up", {"up"}, set()),
        (
            'sum by (a) (rate(calls_total{code=~"A|B", method!="x{y}"}[5m]))',
            {"calls_total"},
            {"a", "code", "method"},
        ),
        ("histogram_quantile(0.95, sum by (le) (rate(t_bucket[5m]))) > 1e3", {"t_bucket"}, {"le"}),
        ("time() - max without (instance) (a:b > 0)", {"a:b"}, {"instance"}),
        ("a / on (x) group_left (y) b offset 5m or vector(0)", {"a", "b"}, {"x", "y"}),
        ("sum(a) by (x)", {"a"}, {"x"}),
        ("topk(10, a) and on () b", {"a", "b"}, set()),
    ],
)
def test_what_a_query_names(query: str, metrics: set[str], labels: set[str]) -> None:
    assert named_in(query) == Named(frozenset(metrics), frozenset(labels))


def test_what_is_no_query_is_refused() -> None:
    with pytest.raises(Unreadable):
        named_in("sum(a) ; drop")
