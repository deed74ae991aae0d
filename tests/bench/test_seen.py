"""A change is seen when a watcher has it, or what came after it."""

from tests.bench.seen import delays_ms

WATCHERS = ["anna", "anna", "bert"]


def test_each_watcher_of_the_customer_counts() -> None:
    arrivals = [(0, "anna", 7, 10.25), (1, "anna", 7, 10.5), (2, "bert", 7, 10.1)]
    assert delays_ms([("anna", 7, 9.9, 10.0)], arrivals, WATCHERS) == ([250.0, 500.0], 0)


def test_a_later_version_holds_the_earlier_change() -> None:
    arrivals = [(0, "anna", 9, 11.0), (1, "anna", 6, 9.0), (1, "anna", 8, 10.5)]
    assert delays_ms([("anna", 7, 9.9, 10.0)], arrivals, WATCHERS) == ([1000.0, 500.0], 0)


def test_what_was_seen_before_the_answer_took_no_time() -> None:
    assert delays_ms([("bert", 2, 9.0, 10.0)], [(2, "bert", 2, 9.9)], WATCHERS) == ([0.0], 0)


def test_what_a_watcher_never_saw_is_told() -> None:
    assert delays_ms([("anna", 7, 9.9, 10.0)], [(0, "anna", 7, 10.0), (1, "anna", 6, 12.0)], WATCHERS) == ([0.0], 1)
