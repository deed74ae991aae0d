"""A stop has one budget: whatever its steps would like, it ends in time and says what it took."""

import asyncio
from contextlib import suppress

from structlog.testing import capture_logs

from libs.background import Background
from libs.ending import LEAST_SECONDS, Ending, at_most


class SetClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_one_step_does_not_need_the_next_ones_have() -> None:
    clock = SetClock()
    ending = Ending(seconds=7.5, clock=clock)
    ending.begin()
    assert ending.left(10.0) == 7.5
    assert ending.left(10.0, keep_seconds=0.5) == 7.0
    assert ending.left(2.0) == 2.0
    clock.now += 5.5
    assert ending.left(10.0, keep_seconds=0.5) == 1.5


def test_a_step_for_which_nothing_is_left_may_still_begin() -> None:
    clock = SetClock()
    ending = Ending(seconds=1.0, clock=clock)
    ending.begin()
    clock.now += 60
    assert ending.left(10.0) == LEAST_SECONDS
    assert ending.left(0.05) == 0.05


def test_a_start_that_failed_is_cleared_away_without_haste() -> None:
    assert Ending(seconds=1.0).left(10.0) == 10.0


async def test_a_stop_says_how_long_each_step_took() -> None:
    clock = SetClock()
    ending = Ending(seconds=5.0, clock=clock)

    async def slow() -> None:
        clock.now += 1.25

    async def broken() -> None:
        clock.now += 0.5
        raise ValueError("broken")

    with capture_logs() as logs:
        ending.tell()
        assert not logs  # nothing was stopped yet
        ending.begin()
        await ending.step("calls", slow)
        with suppress(ValueError):
            await ending.step("relay", broken)
        ending.tell()
    assert logs == [{"event": "stopped", "log_level": "info", "seconds": {"calls": 1.25, "relay": 0.5}}]


async def test_work_that_does_not_end_is_left_and_named() -> None:
    release, stuck = asyncio.Event(), asyncio.Event()

    async def does_not_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            stuck.set()
            await release.wait()

    working = Background()
    working.start("sweep", does_not_end)
    await asyncio.sleep(0)
    with capture_logs() as logs:
        await working.stop(within_seconds=0.05)
        await at_most(0.05, asyncio.sleep(30), else_says="calls_not_ended")
    assert stuck.is_set()
    assert [(line["event"], line.get("part")) for line in logs] == [
        ("background_not_stopped", "sweep"),
        ("calls_not_ended", None),
    ]
    release.set()
