"""Whatever a machine's clock says, every replica goes by the database's time; where they differ, that is known."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from libs.clock import system_clock
from libs.errors import OmnithreadError
from libs.mongo.connection import connect, database
from libs.mongo.shared_clock import MILLISECOND, Doubt, SharedClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


class Machine:
    """A machine whose clock is off by so much; `passed` seconds of true time went by."""

    def __init__(self, off: timedelta = timedelta()) -> None:
        self.off = off
        self.passed = 0.0

    def clock(self) -> datetime:
        return self.true + self.off

    @property
    def true(self) -> datetime:
        return NOON + timedelta(seconds=self.passed)

    def shared(self) -> SharedClock:
        return SharedClock(self.clock, elapsed=lambda: self.passed)

    def ask(self, shared: SharedClock, *, there: float = 0.001, back: float = 0.001) -> None:
        """Let the database, which is right, be asked over so slow a network."""
        asked = self.passed
        self.passed += there
        told = self.true.replace(microsecond=self.true.microsecond // 1000 * 1000)
        self.passed += back
        shared.heard(told, asked=asked, answered=self.passed)


@given(
    off=st.timedeltas(timedelta(days=-2), timedelta(days=2)),
    ways=st.lists(st.tuples(st.floats(0, 1.9), st.floats(0, 1.9), st.floats(0, 60)), min_size=1, max_size=5),
)
def test_the_time_is_right_to_within_the_fastest_answer(off: timedelta, ways: list[tuple[float, float, float]]) -> None:
    machine = Machine(off)
    shared = machine.shared()
    fastest = float("inf")
    for there, back, later in ways:
        machine.ask(shared, there=there, back=back)
        fastest = min(fastest, there + back)
        machine.passed += later
        assert abs(shared() - machine.true) <= timedelta(seconds=fastest) + 3 * MILLISECOND


def test_a_clock_that_is_right_is_not_moved_by_slow_answers() -> None:
    machine = Machine()
    shared = machine.shared()
    for there, back in ((0.0, 1.5), (1.5, 0.0), (0.7, 0.001)):
        machine.ask(shared, there=there, back=back)
        assert shared() == machine.true.replace(microsecond=machine.true.microsecond // 1000 * 1000)
        assert abs(shared.skew) <= MILLISECOND


@pytest.mark.parametrize("off", [TEN_MINUTES, -TEN_MINUTES])
def test_of_two_clocks_that_differ_both_are_told(off: timedelta) -> None:
    machine = Machine(off)
    shared = machine.shared()
    machine.ask(shared)
    doubt = shared.doubt()
    assert Doubt() != doubt
    for clock in (machine.true, machine.clock()):
        assert shared() - doubt.behind - 5 * MILLISECOND <= clock <= shared() + doubt.ahead + 5 * MILLISECOND


def test_a_clock_that_somebody_sets_changes_nothing_and_is_noticed_at_once() -> None:
    machine = Machine()
    shared = machine.shared()
    machine.ask(shared)
    machine.off = TEN_MINUTES
    assert abs(shared() - machine.true) <= 3 * MILLISECOND
    assert abs(shared.doubt().ahead - TEN_MINUTES) <= 3 * MILLISECOND


async def test_the_database_is_asked_and_how_far_off_a_machine_is_can_be_watched(mongo_uri: str) -> None:
    client, registry = connect(mongo_uri, app_name="test"), CollectorRegistry()
    shared = SharedClock(lambda: system_clock() + TEN_MINUTES, registry=registry)
    assert await shared.ask(database(client, "any"))
    assert abs(shared() - system_clock()) < timedelta(seconds=2)  # the database is on this machine
    skew = registry.get_sample_value("omnithread_clock_skew_seconds")
    assert skew is not None
    assert abs(skew - 600) < 2
    client.close()


async def test_nobody_begins_by_a_clock_that_was_not_compared() -> None:
    client = connect("mongodb://127.0.0.1:1", app_name="test")
    with pytest.raises(OmnithreadError) as refused:
        await Machine().shared().begin(database(client, "any"), patience_seconds=0)
    assert refused.value.reason == "DEPENDENCY_UNAVAILABLE"
    client.close()


async def test_a_database_that_does_not_answer_leaves_the_time_as_it_is() -> None:
    client = connect("mongodb://127.0.0.1:1", app_name="test")
    machine = Machine()
    shared = machine.shared()
    assert not await shared.ask(database(client, "any"))
    assert shared() == NOON
    client.close()
