"""A service is dead, or frozen so that its connections stay and nothing is said, while channels read contexts.

Every read is answered and names the section; from the moment on when it is noticed (0.6 s), within 200 ms.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.keys import ensure_keys
from deploy.local.suite import Suite
from libs.errors import dependency_unavailable
from omnithread.context.v1.context_service_pb2 import GetCustomerContextRequest, GetCustomerContextResponse
from tests.faults import freezing
from tests.faults.results import note
from tests.faults.seeds import seed, share
from tests.faults.test_reads_without_a_service import FIELDS, MISSING
from tests.journeys.people import log_in, somebody
from tests.libs.rpc.opened_door import opened_door
from tests.libs.rpc.test_retries_and_silence import CALLS, attempts_of
from tests.running_suite import Channels, until

pytestmark = pytest.mark.timeout(600)

AWAY_SECONDS = 60.0
READS_A_SECOND = 10
NOTICED_SECONDS = 1.0
"""From the fault to the first moment that counts; in a full run these reads count too."""
NAMED_IN_SECONDS = 0.2
RECOVERED_IN_SECONDS = 3.0
SECTION_OF = {FIELDS[section]: section for section in FIELDS}
SERVICES = {"profile": "profile", "cart": "cart", "preference": "preferences", "messaging": "messaging"}

Read = Callable[[], Awaitable[GetCustomerContextResponse]]


@asynccontextmanager
async def dead(suite: Suite, service: str) -> AsyncIterator[None]:
    await suite.kill(service)
    try:
        yield
    finally:
        await suite.restart(service)


@asynccontextmanager
async def frozen(suite: Suite, service: str) -> AsyncIterator[None]:
    pid = suite.services[service].pid
    assert pid is not None
    async with freezing.frozen(pid):
        yield


async def read_steadily(read: Read, section: int, seconds: float) -> tuple[list[tuple[float, float]], int]:
    """Read whether or not earlier reads were answered; give when each began and how long it took, and the unnamed."""
    began, found, unnamed = time.monotonic(), list[tuple[float, float]](), 0

    async def once() -> None:
        nonlocal unnamed
        start = time.monotonic()
        answer = await read()
        found.append((start - began, time.monotonic() - start))
        unnamed += section not in [problem.section for problem in answer.problems if problem.reason in MISSING]

    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * READS_A_SECOND)):
            await asyncio.sleep(max(0.0, began + number / READS_A_SECOND - time.monotonic()))
            group.create_task(once())
    return found, unnamed


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("away", [dead, frozen], ids=["dead", "frozen"])
async def test_a_context_without_a_service_is_answered_soon_and_is_whole_again_soon(
    suite: Suite, channels: Channels, service: str, away: Callable[[Suite, str], AbstractAsyncContextManager[None]]
) -> None:
    section, customer_id = SECTION_OF[SERVICES[service]], (await log_in(channels.shop, somebody())).customer_id

    async def read() -> GetCustomerContextResponse:
        return await channels.store.context.GetCustomerContext(GetCustomerContextRequest(customer_id=customer_id))

    await until(read, lambda answer: not answer.problems)
    seconds = max(4.0, AWAY_SECONDS * share())
    async with away(suite, service):
        found, unnamed = await read_steadily(read, section, seconds)
    back = time.monotonic()
    await until(read, lambda answer: section not in [problem.section for problem in answer.problems])
    recovered = time.monotonic() - back

    counted = [took for start, took in found if share() == 1 or start >= NOTICED_SECONDS]
    late = sorted(counted)[min(len(counted) - 1, int(len(counted) * 0.99))]
    note(
        "dependencies",
        seed=seed(),
        done=len(found),
        wanted="the section named in every answer, p99 of 200 ms, whole again in 3 s",
        found=f"{service} {away.__name__}: {unnamed} unnamed, p99 {late * 1000:.0f} ms, slowest of all "
        f"{max(took for _, took in found):.1f} s, whole again after {recovered:.1f} s",
        ok=not unnamed,
        in_time=late <= NAMED_IN_SECONDS and recovered <= RECOVERED_IN_SECONDS,
    )


async def test_an_outage_makes_at_most_a_tenth_more_attempts(tmp_path: Path) -> None:
    keys = ensure_keys(tmp_path)
    async with opened_door(keys) as door:
        own = await attempts_of(door, dependency_unavailable("mongodb"))
    async with opened_door(keys) as door:
        behind = await attempts_of(door, dependency_unavailable("profile"))
    note(
        "dependencies",
        seed=seed(),
        done=2 * CALLS,
        wanted="at most 1.1 attempts per call, and 1.0 where a service behind has been asked again already",
        found=f"{own / CALLS:.2f} and {behind / CALLS:.2f} attempts per call",
        ok=own <= 1.1 * CALLS and behind == CALLS,
    )
