"""How many calls are answered at once follows from how long they take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.rpc.limit import Limit, LimitBounds

BOUNDS = LimitBounds(least=8, first=48, most=100, tolerated=3.0, late_seconds=0.02, look_seconds=0.2)
ALONE = 0.010


def quiet(limit: Limit, method: str = "m", seconds: float = ALONE) -> None:
    """Calls that come one at a time."""
    for _ in range(200):
        limit.note(method, seconds, in_flight=1, now=0.0)


def busy(limit: Limit, *, times: float, rounds: int, after: int = 0, method: str = "m", seconds: float = ALONE) -> None:
    """Calls that take so many times as long, with as many in flight as may be; the first round is still quiet."""
    for number in range(after + 1, after + rounds + 1):
        for _ in range(20):
            limit.note(method, seconds * times, in_flight=int(limit.value), now=1.0 + number)


def test_calls_that_take_many_times_as_long_make_it_smaller() -> None:
    limit = Limit(BOUNDS)
    quiet(limit)
    busy(limit, times=10, rounds=8)
    assert 20 < limit.value < 30


def test_calls_that_take_somewhat_too_long_make_it_a_tenth_smaller() -> None:
    limit = Limit(BOUNDS)
    quiet(limit)
    busy(limit, times=3.1, rounds=2)
    assert limit.value == pytest.approx(48 * 1.25 * 0.9)


def test_it_never_falls_below_its_least_nor_grows_beyond_its_most() -> None:
    slow, quick = Limit(BOUNDS), Limit(BOUNDS)
    for limit in (slow, quick):
        quiet(limit)
    busy(slow, times=50, rounds=100)
    busy(quick, times=1.5, rounds=200)
    assert (slow.value, quick.value) == (8, 100)


def test_after_an_overload_it_grows_again() -> None:
    limit = Limit(BOUNDS)
    quiet(limit)
    busy(limit, times=10, rounds=30)
    least = limit.value
    busy(limit, times=1.5, rounds=30, after=30)
    assert limit.value > least + 20


def test_once_calls_are_quick_again_it_is_back_in_seconds() -> None:
    limit = Limit(BOUNDS)
    quiet(limit)
    busy(limit, times=50, rounds=100)
    busy(limit, times=1.2, rounds=10, after=100)
    assert limit.value >= BOUNDS.first


@pytest.mark.parametrize("most", [100, 20])
def test_once_the_few_calls_that_come_are_quick_an_overload_is_forgotten_but_no_more_is_learned(most: int) -> None:
    limit = Limit(LimitBounds(least=8, first=48, most=most))
    quiet(limit)
    busy(limit, times=50, rounds=100)
    assert limit.value == 8
    for number in range(20):
        for _ in range(20):
            limit.note("m", ALONE, in_flight=3, now=200.0 + number)
    assert limit.value == min(48, most)


def test_while_calls_take_somewhat_longer_it_grows_by_one_at_a_time() -> None:
    limit = Limit(BOUNDS)
    quiet(limit)
    busy(limit, times=50, rounds=100)
    busy(limit, times=2, rounds=10, after=100)
    assert BOUNDS.least + 8 < limit.value <= BOUNDS.least + 10


def test_a_slow_method_is_no_sign_of_load() -> None:
    limit = Limit(BOUNDS)
    quiet(limit, "quick", 0.001)
    quiet(limit, "slow", 1.0)
    busy(limit, times=1.5, rounds=10, method="slow", seconds=1.0)
    assert limit.value >= 48


def test_slow_calls_while_few_are_in_flight_are_not_our_doing() -> None:
    limit = Limit(BOUNDS)
    quiet(limit)
    for number in range(50):
        for _ in range(20):
            limit.note("m", ALONE * 20, in_flight=3, now=1.0 + number)
    assert limit.value == 48


def test_a_loop_that_wakes_up_late_makes_it_smaller_however_quick_the_calls() -> None:
    limit = Limit(BOUNDS)
    quiet(limit)
    for number in range(1, 6):
        for _ in range(20):
            limit.note_late(0.05)
            limit.note("m", ALONE, in_flight=40, now=1.0 + number)
    assert limit.value < 48


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 1000), st.floats(0, 1)), max_size=300))
def test_whatever_happens_it_stays_within_its_bounds(calls: list[tuple[float, int, float]]) -> None:
    limit, now = Limit(BOUNDS), 0.0
    for seconds, in_flight, pause in calls:
        now += pause
        limit.note("m", seconds, in_flight=in_flight, now=now)
        limit.note_late(seconds)
        assert BOUNDS.least <= limit.value <= BOUNDS.most


def test_the_first_value_is_within_the_bounds_too() -> None:
    assert Limit(LimitBounds(most=20)).value == 20
    assert Limit(LimitBounds(least=50, first=10, most=60)).value == pytest.approx(50)


def test_what_takes_next_to_no_time_may_take_some() -> None:
    limit = Limit(BOUNDS)
    quiet(limit, seconds=0.0002)
    busy(limit, times=20, rounds=10, seconds=0.0002)
    assert limit.value >= 48
