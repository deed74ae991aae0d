"""SIGKILL of each service, the database and the broker under mixed load: nothing acknowledged is lost or done twice.

No touchpoint is missing, doubled or out of order; each part is back in service within 5 s; and all journeys are
complete within 15 s after the last kill, without anybody asking for them.
"""

import asyncio
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from deploy.local.suite import Suite
from tests.faults.expected_lines import DATABASE_AWAY, UNDER_KILLS
from tests.faults.kills.back import until_it_is_back
from tests.faults.kills.parts import PARTS, Part, server_of
from tests.faults.load.mixed import Load, mixed_load
from tests.faults.log_lines import LogWatch, unexpected
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed

pytestmark = pytest.mark.timeout(900)

BACK_SECONDS = 5.0
COMPLETE_SECONDS = 15.0
MOST_SECONDS = 180.0
"""So long is waited for what comes too late: to say by how much, and that it was not lost."""
ROUNDS = rounds(20)


@dataclass(slots=True)
class Kills:
    """What was measured."""

    back: list[float] = field(default_factory=list)
    """Seconds from each start of the process until all that needs it was answered."""
    last: float = 0.0
    """When the process was started again for the last time."""


async def kill_again_and_again(suite: Suite, load: Load, part: Part) -> Kills:
    """Kill it at seeded moments, leave it dead for a moment, and start it again."""
    draw, kills = chance("kills", part.name), Kills()
    server = server_of(suite, part.name)
    assert server is not None
    for _ in range(ROUNDS):
        await asyncio.sleep(draw.uniform(0.3, 1.5))
        await server.kill()
        await asyncio.sleep(draw.uniform(0.0, 0.5))
        kills.last, began = time.monotonic(), datetime.now(UTC)
        await server.start()
        await until_it_is_back(suite, load, part, moment=kills.last, began=began)
        kills.back.append(time.monotonic() - kills.last)
    return kills


@pytest.mark.parametrize("name", PARTS)
async def test_a_part_that_is_killed_under_load_loses_and_doubles_nothing(suite: Suite, name: str) -> None:
    if server_of(suite, name) is None:
        pytest.skip("the server is not ours to kill")
    logs = LogWatch(suite.plan.state_dir)
    async with mixed_load(suite, "kills", name) as load:
        async with load.running():
            kills = await kill_again_and_again(suite, load, PARTS[name])
        told = load.log.entries
        seconds, _ = await load.sight.until_journeys_are_complete(told, since=kills.last, limit_seconds=MOST_SECONDS)
        wrong = await load.violations()
    wrong += [
        f"logged: {line}" for line in unexpected(logs.new_lines(), DATABASE_AWAY if name == "database" else UNDER_KILLS)
    ]
    if name == "broker" and load.log.failures:
        wrong.append("calls failed, though no call needs the broker")
    back = max(kills.back)
    note(
        "kills",
        seed=seed(),
        done=len(kills.back),
        wanted=f"{name}: 0 lost, doubled or out of order, back in {BACK_SECONDS} s, complete in {COMPLETE_SECONDS} s",
        found=f"{name}: {len(told)} deeds, {load.log.failures} failed calls, {len(wrong)} violations, "
        f"back in {back:.1f} s, complete in {seconds:.1f} s {'; '.join(wrong[:5])}",
        ok=not wrong and back <= MOST_SECONDS and seconds <= MOST_SECONDS,
        in_time=back <= BACK_SECONDS and seconds <= COMPLETE_SECONDS,
    )
