"""Row `histories`: 16 clients on four channels, two replicas of each service, something killed every five seconds.

Each client notes what it asked and what it was told. However it falls together, versions are unique and in the order of
time, no read goes back, and every channel reads what any channel was told.
"""

import asyncio
import itertools
from types import SimpleNamespace
from typing import Any, cast

import pytest

from deploy.local.server import Server
from deploy.local.suite import Suite
from tests.faults.histories.crowd import crowd_at
from tests.faults.histories.plan import Step, steps
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed

OPERATIONS = 20_000
EVERY_SECONDS = 5.0
LEAST_KILLS = 2
KILLED = ("cart", "preference", "aggregator", "profile", "messaging")


@pytest.mark.timeout(1800)
async def test_no_history_under_kills_breaks_a_promise(pairs: Suite) -> None:
    """Promise: 20,000 operations by 16 clients on several channels with kills every 5 s, 0 violations."""
    wanted, killed = rounds(OPERATIONS), list[str]()
    async with crowd_at(pairs) as crowd:
        killing = asyncio.create_task(kill_again_and_again(pairs, killed))

        def goes_on(_step: Step) -> bool:
            return not killing.done() and (crowd.done < wanted or len(killed) < LEAST_KILLS)

        try:
            async with asyncio.TaskGroup() as at_work:
                for client in crowd.clients:
                    drawn = steps(chance("histories", client.number), client.number)
                    at_work.create_task(client.work(itertools.takewhile(goes_on, drawn)))
        finally:
            killing.cancel()
            await killing  # all is up again
        await crowd.read_all()
        violations = await crowd.check()
    done = len(crowd.recorder.history)
    unanswered, told = crowd.failures.total(), "; ".join(map(str, violations[:3]))
    note(
        "histories",
        seed=seed(),
        done=done,
        wanted=f"0 violations, at least {LEAST_KILLS} kills",
        found=f"{len(violations)} violations; {len(killed)} kills, {unanswered} calls unanswered {told}",
        ok=not violations and len(killed) >= LEAST_KILLS,
    )


async def kill_again_and_again(suite: Suite, killed: list[str]) -> None:
    """Kill something every five seconds and start it again at once, until cancelled; then all runs again.

    Notes in `killed` what was. Raises ChildFailed where something does not come up again.
    """
    draw = chance("histories", "kills")
    loop = asyncio.get_running_loop()
    restarting: asyncio.Future[None] | None = None
    try:
        while True:
            due = loop.time() + EVERY_SECONDS
            target = victim(suite, draw.random(), draw.random())
            killed.append(target.name)
            restarting = asyncio.ensure_future(again(target))
            await asyncio.shield(restarting)
            await asyncio.sleep(max(0.0, due - loop.time()))
    except asyncio.CancelledError:
        if restarting is not None:
            await restarting


def victim(suite: Suite, which: float, replica: float) -> Server[Any]:
    """Choose what to kill by two numbers below 1."""
    servers = [name for name in (suite.mongo, suite.kafka) if name is not None]
    place = int(which * (len(KILLED) + len(servers)))
    if place < len(KILLED):
        replicas = suite.replicas[KILLED[place]]
        return replicas[int(replica * len(replicas))]
    return servers[place - len(KILLED)]


async def again(server: Server[Any]) -> None:
    """Crash it and start it again."""
    await server.kill()
    await server.start()


async def test_what_was_killed_last_is_up_before_anybody_looks() -> None:
    killed = list[str]()
    part = Part()
    suite = SimpleNamespace(mongo=None, kafka=None, replicas={name: [part] for name in KILLED})
    killing = asyncio.create_task(kill_again_and_again(cast("Suite", suite), killed))
    await part.down.wait()
    killing.cancel()
    await asyncio.sleep(0)
    assert not killing.done()
    part.may_start.set()
    await killing
    assert part.is_up
    assert killed == ["part"]


class Part:
    """Stands for a server that takes its time to start."""

    name = "part"

    def __init__(self) -> None:
        self.is_up = True
        self.down, self.may_start = asyncio.Event(), asyncio.Event()

    async def kill(self) -> None:
        self.is_up = False
        self.down.set()

    async def start(self) -> None:
        await self.may_start.wait()
        self.is_up = True
