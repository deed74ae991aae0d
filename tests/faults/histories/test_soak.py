"""Row `soak`: for minutes at 60 % of what the suite can do, nothing grows, nothing lags, and nothing is complained of.

`OMNITHREAD_SOAK_SECONDS` is how long a whole run takes; 480 where nothing is said.
"""

import asyncio
import math
import os

import pytest

from deploy.local.suite import Suite
from libs.mongo.next_version import MAX_DOCUMENT_BYTES
from tests.faults.histories.crowd import Crowd, crowd_at
from tests.faults.histories.measuring import (
    Memory,
    largest_record_bytes,
    oldest_unpublished_seconds,
    publish_delays,
    share_within,
    slope,
)
from tests.faults.histories.test_rolling import CALL_SECONDS, working
from tests.faults.log_lines import LogWatch, unexpected
from tests.faults.results import note
from tests.faults.seeds import seed, share

FULL_SECONDS = float(os.environ.get("OMNITHREAD_SOAK_SECONDS", "480"))
LEAST_SECONDS = 20.0
PEAK_SECONDS = 8.0
WARM_UP_SHARE = 0.3
LOAD = 0.6
CLIENTS = 8
MOST_MEGABYTES_A_MINUTE = 1.0
NOISE_MEGABYTES = 6.0
"""What a process takes and gives back within seconds: a short run cannot tell it from growing."""
OUTBOX_SECONDS = 1.0
MEASURED_EVERY_SECONDS = 10.0
"""How old the gauge of what waits may be."""


@pytest.mark.timeout(2 * FULL_SECONDS + 900)
async def test_nothing_grows_lags_or_complains_at_sixty_per_cent_of_the_peak(pairs: Suite) -> None:
    """Promise: 8 minutes at 60 % load: memory flat, records bounded, outbox p99 under 1 s, no unexpected log line."""
    seconds = max(LEAST_SECONDS, FULL_SECONDS * share())
    async with crowd_at(pairs, clients=CLIENTS, call_seconds=CALL_SECONDS) as crowd:
        async with working(crowd, "peak", pace_seconds=0):
            peak = await _rate(crowd, PEAK_SECONDS)
        memory, logs = Memory(), LogWatch(pairs.plan.state_dir)
        async with working(crowd, "soak", pace_seconds=CLIENTS / (LOAD * peak)):
            await asyncio.sleep(seconds * WARM_UP_SHARE)
            before = await publish_delays(pairs)
            watching = asyncio.create_task(memory.watch(pairs, every_seconds=min(1.0, seconds / 50)))
            rate = await _rate(crowd, seconds * (1 - WARM_UP_SHARE))
            watching.cancel()
            after = await publish_delays(pairs)
        await asyncio.wait({watching})
        if not watching.cancelled() and (trouble := watching.exception()) is not None:
            raise trouble  # a process is gone
        oldest = await oldest_unpublished_seconds(pairs)
        violations = await crowd.check()
    troubles = unexpected(logs.new_lines(), ())
    worst, growth = max(memory.growth().items(), key=lambda grown: grown[1])
    in_time = share_within(OUTBOX_SECONDS, before, after)
    announced = after[math.inf] - before[math.inf]
    largest = await largest_record_bytes(pairs)
    minutes = seconds * (1 - WARM_UP_SHARE) / 60
    note(
        "soak",
        seed=seed(),
        done=crowd.done,
        wanted="memory grows by at most 1 MB a minute, records under 256 KB, outbox p99 under 1 s, 0 log lines",
        found=f"{seconds:.0f} s at {rate:.0f} of {peak:.0f} steps/s: {growth / minutes:+.2f} MB a minute ({worst}), "
        f"largest record {largest // 1024} KB, {in_time:.2%} of {announced} announced within 1 s, "
        f"the oldest waits for {oldest:.1f} s, "
        f"{len(violations)} violations, "
        f"{crowd.failures.total()} errors, {len(troubles)} log lines {'; '.join(troubles[:3])}",
        ok=growth <= max(MOST_MEGABYTES_A_MINUTE * minutes, NOISE_MEGABYTES)
        and largest <= MAX_DOCUMENT_BYTES
        and announced > 0
        and not violations
        and not crowd.failures
        and not troubles,
        in_time=in_time >= 0.99 and oldest <= OUTBOX_SECONDS + MEASURED_EVERY_SECONDS,
    )


async def _rate(crowd: Crowd, seconds: float) -> float:
    """Give how many steps all clients go in a second, over so many seconds."""
    clock = asyncio.get_running_loop().time
    begun, done = clock(), crowd.done
    await asyncio.sleep(seconds)
    return (crowd.done - done) / (clock() - begun)


def test_a_process_that_grows_is_told_from_one_that_breathes() -> None:
    growing = [(float(second), 100 + second / 60) for second in range(300)]
    breathing = [(float(second), 100 + 3 * math.sin(second)) for second in range(300)]
    assert slope(growing) * 60 == pytest.approx(1.0)
    assert abs(slope(breathing) * 60) < 0.1
    assert slope([]) == 0.0
