"""Calls at a steady pace, whether or not earlier ones were answered, and what became of each."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc
import httpx

import omnithread
from deploy.local.plan import Plan

CALLS_A_SECOND = 10
NEITHER = "OK"


@dataclass(frozen=True, slots=True)
class Called:
    """One call."""

    what: str
    began: float
    """Seconds since the first."""
    took_seconds: float
    said: str
    """`OK`, or status and reason of the refusal."""

    @property
    def was_answered(self) -> bool:
        """Whether it was answered well."""
        return self.said == NEITHER


Call = Callable[[], Awaitable[object]]


async def call_steadily(
    calls: dict[str, Call], seconds: float, *, calls_a_second: float = CALLS_A_SECOND
) -> list[Called]:
    """Make each of these calls so many times a second."""
    began, found = time.monotonic(), list[Called]()

    async def once(what: str, call: Call) -> None:
        start = time.monotonic()
        said = await said_of(call)
        found.append(Called(what, start - began, time.monotonic() - start, said))

    async with asyncio.TaskGroup() as group:
        for number in range(int(seconds * calls_a_second)):
            await asyncio.sleep(max(0.0, began + number / calls_a_second - time.monotonic()))
            in_turn = list(calls.items())
            for what, call in in_turn if number % 2 else reversed(in_turn):  # else a kind would meet one replica only
                group.create_task(once(what, call))
    return found


async def said_of(call: Call) -> str:
    """Call, and say what became of it."""
    try:
        await call()
    except grpc.aio.AioRpcError as error:
        return f"{error.code().name} {omnithread.details_of(error).reason}".strip()
    return NEITHER


async def until_all_are_answered(calls: dict[str, Call], *, limit_seconds: float) -> dict[str, float]:
    """Try each until it is answered, and say how long that took."""
    began, found = time.monotonic(), dict[str, float]()

    async def one(what: str, call: Call) -> None:
        async with asyncio.timeout(limit_seconds):
            while await said_of(call) != NEITHER:
                await asyncio.sleep(0.05)
        found[what] = time.monotonic() - began

    await asyncio.gather(*(one(what, call) for what, call in calls.items()))
    return found


async def arrived(plan: Plan, service: str, method: str) -> float:
    """Give how many calls of a method the first replica of a service has counted, tries again included."""
    async with httpx.AsyncClient(timeout=60) as http:
        page = (await http.get(f"http://127.0.0.1:{plan.ports.services[service].metrics}/metrics")).text
    lines = [line for line in page.splitlines() if line.startswith("omnithread_calls_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in lines if f'method="{method}"' in line)
