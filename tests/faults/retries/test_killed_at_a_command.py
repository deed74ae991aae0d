"""A service's process is killed at the very command that commits, and the retry goes to another replica.

The promise: retried with the same id after any fault, each such call has exactly one effect, as if nothing had been.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import grpc
import pytest

from tests.faults.results import note
from tests.faults.retries.calling import ONCE, Line
from tests.faults.retries.calls import SEEDS
from tests.faults.retries.case import Case, Seed, stamp
from tests.faults.retries.comparing import wrong_answers, wrong_effects
from tests.faults.retries.house import FIVE, House
from tests.faults.retries.methods import method
from tests.faults.retries.points import AtDatabase, of_the_call
from tests.faults.retries.running import Run, Struck, run
from tests.faults.seeds import chance, rounds, seed, share
from tests.proxies.mongo import MongoProxy, before
from tests.proxies.strikes import Fault, Point

AT_ONCE, TRIES = 3, 3
START_SECONDS = 60.0
POINTS = {"killed before the commit": Point.BEFORE, "killed after the commit": Point.AFTER}

pytestmark = pytest.mark.timeout(300 + 1800 * share())


@asynccontextmanager
async def replica(house: House, name: str, proxy: MongoProxy) -> AsyncIterator[tuple[Process, int]]:
    """Give one more process of a service, behind its own proxy, and its port."""
    service = next(one for one in FIVE if one.name == name)
    settings = house.services.settings(service, mongo_uri=proxy.uri).model_dump_json()
    command = [sys.executable, "-m", "tests.faults.retries.replica", name, settings]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=DEVNULL)
    assert process.stdout is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        while said and not said.strip().isdigit():
            said = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        yield process, int(said)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _killed(house: House, one: Seed, name: str) -> Run:
    """Make a call of a process that dies of it, and then of another one."""
    described, case = method(one.name), Case(house)
    request = await one.prepare(case)
    stamp(request)
    case.words.add(str(getattr(request, "request_id")))  # noqa: B009  the contract's, unknown to the type
    async with await before(house.mongo_uri) as proxy, replica(house, described.service, proxy) as (process, port):

        async def kill() -> None:
            process.kill()
            await process.wait()

        fault = Fault(POINTS[name], hook=kill)
        armed = proxy.arm(fault, matching=of_the_call(frozenset(case.words), reads=False))
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=ONCE) as channel:
            line = Line(channel, house.line(described.service, one.who).metadata)
            for _ in range(TRIES):  # a process that has only just begun may take longer than a call
                with suppress(grpc.aio.AioRpcError):
                    await line.once(described, request)
                if armed.struck:
                    break
    standing = house.line(described.service, one.who)
    first = await standing.until_answered(described, request)
    second = await standing.until_answered(described, request)
    struck = Struck(AtDatabase(name, fault), described.service)
    return Run(case, one, struck, request, first, second, armed.struck)


@pytest.mark.parametrize("name", POINTS)
async def test_it_is_done_once_whoever_dies_of_it(house: House, name: str) -> None:
    names = chance(name).sample(sorted(SEEDS), rounds(len(SEEDS)))
    turns = asyncio.Semaphore(AT_ONCE)

    async def in_turn(called: str) -> tuple[bool, list[str]]:
        async with turns:
            one = SEEDS[called]
            undisturbed, killed = await run(house, one, None), await _killed(house, one, name)
            told = wrong_answers(undisturbed, [killed]) + await wrong_effects(house, [undisturbed], [killed])
            for each in (undisturbed, killed):
                await one.after(each.case)
            return killed.happened, [f"{called}: {fault}" for fault in told]

    tried = await asyncio.gather(*(in_turn(called) for called in names))
    struck, faults = sum(happened for happened, _ in tried), [fault for _, told in tried for fault in told]
    note(
        "retries",
        seed=seed(),
        done=struck,
        wanted="exactly one effect, and the same ids and outcome, everywhere",
        found=f"{name}: {len(faults)} differences" + "".join(f"\n    {fault}" for fault in faults[:5])
        if faults
        else f"{name}: the same in {struck} of {len(names)} calls",
        ok=not faults and struck == len(names),
    )
