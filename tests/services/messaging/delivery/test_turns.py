from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.delivery.turns import Turns
from tests.services.messaging.samples import NOON


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_without_a_rate_everything_goes_at_once() -> None:
    turns = Turns(0)
    assert all(turns.take(str(number), NOON) is None for number in range(100))


def test_who_came_first_goes_first_however_often_the_others_ask() -> None:
    turns = Turns(1)
    assert turns.take("first", NOON) is None
    assert turns.take("second", NOON) == NOON + seconds(1)
    assert turns.take("third", NOON) == NOON + seconds(2)
    assert turns.take("second", NOON) == NOON + seconds(1)
    assert turns.take("late", NOON + seconds(1)) == NOON + seconds(3)
    assert turns.take("second", NOON + seconds(1)) is None
    assert turns.take("third", NOON + seconds(2)) is None
    assert turns.waiting == 1


def test_after_a_pause_a_few_go_at_once_and_no_more() -> None:
    turns = Turns(1, burst=3)
    assert [turns.take(str(number), NOON) is None for number in range(5)] == [True, True, True, False, False]


def test_a_turn_that_nobody_takes_is_forgotten() -> None:
    turns = Turns(1)
    turns.take("first", NOON)
    turns.take("gone", NOON)
    assert turns.take("other", NOON + seconds(120)) is None
    assert turns.waiting == 0


@given(
    st.lists(st.floats(min_value=0, max_value=2), min_size=1, max_size=60),
    st.sampled_from([0.5, 1.0, 7.0]),
    st.integers(min_value=1, max_value=5),
)
def test_no_stretch_of_time_has_more_than_the_rate_and_one_burst(pauses: list[float], rate: float, burst: int) -> None:
    turns, now, went = Turns(rate, burst), NOON, []
    waiting: list[str] = []
    for number, pause in enumerate(pauses):
        now += seconds(pause)
        for key in (*waiting, str(number)):
            if turns.take(key, now) is None:
                went.append(now)
                waiting = [other for other in waiting if other != key]
            elif key not in waiting:
                waiting.append(key)
    for start in range(len(went)):
        for end in range(start, len(went)):
            lasted = (went[end] - went[start]).total_seconds()
            late = max((2.0, *pauses))  # a turn may be taken so much later than it was given
            assert end - start + 1 <= burst + 1 + rate * (lasted + late)
