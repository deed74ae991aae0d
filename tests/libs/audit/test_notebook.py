"""What waits to be written into the audit log: bounded, and folded where it floods."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.audit.entries import MOST_CUSTOMERS, Verdict, What, Who
from libs.audit.notebook import FOLD, MOST_FOLDS, MOST_WAITING, Notebook

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
SHOP = Who(channel_id="web-shop")
DENIED = What(method="/a/B", verdict=Verdict.DENIED, reason="SCOPE_MISSING")


class Minutes:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def read(*customers: str) -> What:
    return What(method="/a/Get", verdict=Verdict.ALLOWED, customer_ids=customers)


def test_the_first_refusal_is_written_at_once_and_those_of_its_minute_as_a_number() -> None:
    clock = Minutes()
    notebook = Notebook(clock)
    notebook.note(SHOP, DENIED, trace_id="aa")
    (first,) = notebook.take(10)
    assert (first.count, first.time, first.trace_id) == (1, NOON, "aa")
    for second in range(1, 1001):
        clock.now = NOON + timedelta(milliseconds=second)
        notebook.note(SHOP, DENIED)
    assert notebook.take(10) == []
    clock.now = NOON + FOLD
    (rest,) = notebook.take(10)
    assert (rest.count, rest.last_time) == (1000, NOON + timedelta(seconds=1))
    assert notebook.take(10) == []


def test_refusals_of_a_minute_name_all_whom_they_were_about_as_far_as_an_entry_does() -> None:
    notebook = Notebook(Minutes())
    for number in range(MOST_CUSTOMERS + 50):
        notebook.note(SHOP, replace(DENIED, customer_ids=(f"cus_{number:03}",)))
    assert notebook.waiting == 2
    first, rest = notebook.take(10, all_folds=True)
    assert first.what.customer_ids == ("cus_000",)
    assert rest.what.customer_ids == tuple(f"cus_{number:03}" for number in range(1, MOST_CUSTOMERS + 1))
    assert rest.count == MOST_CUSTOMERS + 49


def test_reads_of_one_customer_that_wait_together_are_one_entry_and_those_of_two_are_two() -> None:
    notebook = Notebook(Minutes())
    for customers in (("cus_1",), ("cus_2",), ("cus_1",)):
        notebook.note(SHOP, read(*customers))
    assert [(entry.what.customer_ids, entry.count) for entry in notebook.take(10)] == [(("cus_1",), 2), (("cus_2",), 1)]


def test_what_is_too_much_is_dropped_and_counted() -> None:
    dropped: list[int] = []
    notebook = Notebook(Minutes(), dropped=dropped.append)
    for number in range(MOST_WAITING + 3):
        notebook.note(SHOP, read(f"cus_{number}"))
    assert sum(dropped) == 3
    assert len(notebook.take(2 * MOST_WAITING)) == MOST_WAITING


def test_whoever_calls_in_many_names_fills_no_memory() -> None:
    dropped: list[int] = []
    notebook = Notebook(Minutes(), dropped=dropped.append)
    for number in range(MOST_FOLDS + 5):
        notebook.note(Who(channel_id="web-shop", actor_id=f"a{number}"), DENIED)
    assert sum(dropped) == 5


def test_at_the_end_of_the_process_nothing_waits_for_its_minute() -> None:
    notebook = Notebook(Minutes())
    notebook.note(SHOP, DENIED)
    notebook.note(SHOP, DENIED)
    (both,) = notebook.take(10, all_folds=True)
    assert both.count == 2
    assert notebook.take(10, all_folds=True) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 30)), max_size=60))
def test_no_call_is_lost_or_counted_twice(calls: list[tuple[int, bool, int]]) -> None:
    clock = Minutes()
    notebook = Notebook(clock)
    written = 0
    for channel, denied, seconds in calls:
        clock.now += timedelta(seconds=seconds)
        notebook.note(Who(channel_id=f"c{channel}"), DENIED if denied else read("cus_1"))
        if seconds % 3 == 0:
            written += sum(entry.count for entry in notebook.take(2))
    while batch := notebook.take(5, all_folds=True):
        written += sum(entry.count for entry in batch)
    assert written == len(calls)
