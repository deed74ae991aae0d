"""From the start of a process until its health says that it serves, and what it then holds in memory."""

import asyncio
import time
from collections.abc import Sequence

from deploy.local.plan import SERVICES
from tests.bench.carts import pid_of
from tests.bench.cpu import cpu_of, resident_bytes
from tests.bench.figures import Figure, value
from tests.bench.house import House
from tests.bench.rounds import Effort, turns
from tests.bench.row import Row
from tests.bench.servers import Module

NAME = "startup"
SECONDS_GOAL, MEGABYTES_GOAL = 1.5, 90.0
MEGABYTE = 1e6
QUIET_SECONDS = 1.0
"""After it serves: until what it begins in the background is there too."""
SMALLEST = "a bare grpc.aio server"
"""Started in turn with the five: what the machine and the interpreter need by themselves."""


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Start a process of each service again and again, beside a company that serves."""
    company = (await house.usual()).company
    seconds: dict[str, list[float]] = {name: [] for name in (*SERVICES, SMALLEST)}
    megabytes: dict[str, list[float]] = {name: [] for name in seconds}
    cpu: dict[str, list[float]] = {name: [] for name in seconds}
    for _, name in turns(list(seconds), effort.rounds):
        server = (
            Module("tests.bench.reference.bare", folder=house.folder, name="bare")
            if name == SMALLEST
            else await company.branch(name, {}, number=house.next_number())
        )
        began = time.perf_counter()
        async with server:
            seconds[name].append(time.perf_counter() - began)
            await asyncio.sleep(0 if effort.is_smoke else QUIET_SECONDS)
            megabytes[name].append(resident_bytes(pid_of(server)) / MEGABYTE)
            cpu[name].append(cpu_of(pid_of(server)).ticks_seconds)
    figures: list[Figure] = []
    for name, taken in seconds.items():
        goals = (None, None) if name == SMALLEST else (SECONDS_GOAL, MEGABYTES_GOAL)
        notes = {"CPU seconds": cpu[name], SMALLEST: seconds[SMALLEST]}
        figures.append(value(NAME, f"{name} serves", rounds=taken, unit="s", goal=goals[0], notes=notes))
        figures.append(value(NAME, f"{name} holds", rounds=megabytes[name], unit="MB", goal=goals[1]))
    return figures


ROW = Row(NAME, "process start to serving", measure)
