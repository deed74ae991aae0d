from datetime import timedelta
from random import Random

from services.messaging.delivery.circuit import Circuit, CircuitState
from tests.services.messaging.samples import NOON

HALF_A_MINUTE = timedelta(seconds=30)


def circuit() -> Circuit:
    return Circuit(3, HALF_A_MINUTE, Random(1))


def broken() -> Circuit:
    one = circuit()
    for _ in range(3):
        one.failed(NOON)
    return one


def test_two_failures_and_a_success_leave_it_closed() -> None:
    one = circuit()
    for _ in range(5):
        one.failed(NOON)
        one.failed(NOON)
        one.succeeded()
    assert one.state(NOON) is CircuitState.CLOSED
    assert one.admit(NOON) is None


def test_after_three_failures_in_a_row_messages_wait_and_do_not_all_come_back_at_once() -> None:
    one = broken()
    assert one.state(NOON) is CircuitState.OPEN
    times = {one.admit(NOON) for _ in range(20)}
    assert len(times) == 20
    assert all(time is not None and NOON + HALF_A_MINUTE <= time <= NOON + 2 * HALF_A_MINUTE for time in times)


def test_one_message_tries_whether_it_answers_again_and_the_others_wait_for_that() -> None:
    one, later = broken(), NOON + HALF_A_MINUTE
    assert one.state(later) is CircuitState.HALF_OPEN
    assert one.admit(later) is None
    assert one.admit(later) is not None
    one.succeeded()
    assert one.state(later) is CircuitState.CLOSED
    assert one.admit(later) is None


def test_a_try_that_fails_leaves_it_alone_for_twice_as_long() -> None:
    one, later = broken(), NOON + HALF_A_MINUTE
    one.admit(later)
    one.failed(later)
    assert one.retry_time(later) == later + 2 * HALF_A_MINUTE


def test_a_try_of_which_nothing_is_heard_does_not_close_it_for_ever() -> None:
    one, later = broken(), NOON + HALF_A_MINUTE
    assert one.admit(later) is None
    assert one.admit(later + HALF_A_MINUTE) is None


def test_what_was_under_way_when_it_opened_does_not_keep_it_open_longer() -> None:
    one = broken()
    one.failed(NOON)
    assert one.retry_time(NOON) == NOON + HALF_A_MINUTE
