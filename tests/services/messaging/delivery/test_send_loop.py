"""Who works for whom in one replica: nobody is held up by somebody else's slow provider, or by their faults."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

import pytest

from libs.clock import system_clock
from libs.errors import resource_exhausted
from services.messaging.delivery import send_loop
from services.messaging.delivery.send_loop import WORKERS, First, Nudges, SendLoop
from services.messaging.delivery.sender import Sender
from tests.services.calls import until


class Work:
    """Stands for the sender and for the records: notes who was worked for, and lets one wait."""

    def __init__(self, *due: str) -> None:
        self.done: Counter[str] = Counter()
        self.begun: Counter[str] = Counter()
        self.slow = asyncio.Event()
        self._due = due

    async def send_due(self, customer_id: str, _go_on: Callable[[], bool]) -> None:
        self.begun[customer_id] += 1
        if customer_id == "slow":
            await self.slow.wait()
        self.done[customer_id] += 1

    async def due(self, _field: str, _now: datetime, limit: int) -> list[str]:
        return list(self._due[:limit])


def loop_over(work: Work, nudges: Nudges, first: First) -> SendLoop:
    return SendLoop(
        sender=cast("Sender", work),
        first=first,
        records=cast("Any", work),
        nudges=nudges,
        clock=system_clock,
        sweep_seconds=0.01,
    )


async def nothing(_customer_id: str, _go_on: Callable[[], bool]) -> None:
    """No campaigns."""


async def test_one_customer_with_a_slow_provider_and_much_news_takes_up_one_worker() -> None:
    work, nudges = Work(), Nudges()
    running = asyncio.create_task(loop_over(work, nudges, nothing).run())
    for _ in range(2 * WORKERS):
        nudges.nudge("slow")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    nudges.nudge("other")
    await until(lambda: _is(work.done["other"] == 1))
    assert work.begun["slow"] == 1
    work.slow.set()
    await until(lambda: _is(work.done["slow"] == 2))  # what came meanwhile is looked at afterwards
    running.cancel()
    await asyncio.wait({running})


@pytest.mark.parametrize(
    "error", [RuntimeError("what nobody foresaw"), resource_exhausted("RECORD_TOO_LARGE", "Full.")]
)
async def test_customers_whose_campaigns_fail_again_and_again_hide_nobody_behind_them(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(send_loop, "MOST_DUE", 10)

    async def fails(customer_id: str, _go_on: Callable[[], bool]) -> None:
        if customer_id.startswith("bad"):
            raise error

    work, nudges = Work(*(f"bad_{number}" for number in range(20)), "good"), Nudges()
    running = asyncio.create_task(loop_over(work, nudges, fails).run())
    await until(lambda: _is(work.done["good"] > 0))
    running.cancel()
    await asyncio.wait({running})


async def test_nothing_more_is_begun_before_a_stop_and_what_is_under_way_ends() -> None:
    work, nudges = Work(), Nudges()
    looping = loop_over(work, nudges, nothing)
    running = asyncio.create_task(looping.run())
    nudges.nudge("slow")
    await until(lambda: _is(work.begun["slow"] == 1))
    looping.stop_taking()
    nudges.nudge("other")
    work.slow.set()
    await until(lambda: _is(work.done["slow"] == 1))
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert work.begun["other"] == 0
    running.cancel()
    await asyncio.wait({running})


async def _is(condition: bool) -> bool:
    return condition
