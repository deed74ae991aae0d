"""The broker loses records that it acknowledged, or its whole data, under mixed load: no journey stays incomplete.

The embedded broker keeps its log in memory: killed, it has forgotten what it acknowledged. In the other case its folder
is taken away as well, topics and all, and an operator runs the migrations again (docs/operating.md).
"""

import asyncio
import shutil
import time

import pytest

from deploy.local.suite import Suite
from tests.faults.expected_lines import UNDER_KILLS
from tests.faults.load.mixed import mixed_load
from tests.faults.log_lines import LogWatch, unexpected
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed

pytestmark = pytest.mark.timeout(900)

LOSSES = rounds(10)
COMPLETE_SECONDS = 180.0
BETWEEN = 20
"""So many deeds are answered between two losses: most of their events are what the broker loses next."""


@pytest.mark.parametrize("everything", [False, True], ids=["acknowledged records", "its whole data"])
async def test_what_the_broker_loses_is_missing_in_no_journey(suite: Suite, *, everything: bool) -> None:
    kafka = suite.kafka
    if kafka is None:
        pytest.skip("the broker is not ours to kill")
    what = "whole data" if everything else "acknowledged records"
    draw = chance("broker", what)
    logs = LogWatch(suite.plan.state_dir)
    async with mixed_load(suite, "broker", what) as load:
        async with load.running():
            for _ in range(LOSSES):
                await asyncio.sleep(draw.uniform(0.5, 2.0))
                await kafka.kill()
                if everything:
                    await asyncio.to_thread(shutil.rmtree, suite.plan.state_dir / "kafka" / "data", ignore_errors=True)
                await load.answered(time.monotonic(), at_least=BETWEEN)
                await kafka.start()
                if everything:
                    await suite.migrate()
                await load.answered(time.monotonic(), at_least=BETWEEN)
        told, ended = load.log.entries, time.monotonic()
        seconds, _ = await load.sight.until_journeys_are_complete(told, since=ended, limit_seconds=COMPLETE_SECONDS)
        wrong = await load.violations()
    wrong += [f"logged: {line}" for line in unexpected(logs.new_lines(), UNDER_KILLS)]
    note(
        "broker",
        seed=seed(),
        done=LOSSES,
        wanted=f"{what} lost: 0 journeys incomplete",
        found=f"{what} lost: {len(told)} deeds, {len(wrong)} violations, complete {seconds:.1f} s after the load "
        f"{'; '.join(wrong[:5])}",
        ok=not wrong,
    )
