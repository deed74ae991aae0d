"""A change on one channel, and a thousand screens that are open on others.

There is no reference: nothing usual does this. So the figures mean something on a quiet machine only, and the CPU of
all processes stands beside them: what one change takes says how many a machine can make. It is measured at a rate that
two cores carry, too.
"""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from tests.bench.cpu import cpu_of, resident_bytes, used_seconds
from tests.bench.customers import furnish, settled
from tests.bench.figures import Figure, value
from tests.bench.house import House
from tests.bench.lines import LineProcess
from tests.bench.rounds import Effort
from tests.bench.row import Row
from tests.bench.seen import delays_ms

NAME = "watch"
P99_GOAL, KILOBYTES_GOAL = 250.0, 26.0
CUSTOMERS, WATCHERS_OF_EACH, RATE = 50, 20, 100.0
EASY_RATE = 10.0
FEW_CUSTOMERS, FEW_WATCHERS, LOW_RATE = 4, 5, 5.0
LATE_SECONDS, SMOKE_LATE_SECONDS = 5.0, 60.0
"""How long is waited after the last change."""
LOOK_AGAIN_SECONDS = 0.5
KILOBYTE = 1000.0


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Open all streams at once, then change carts at a fixed rate and note who sees it when."""
    company = (await house.usual()).company
    async with company.connect("web-shop") as shop:
        visitors = await furnish(shop, effort.size(CUSTOMERS, FEW_CUSTOMERS), word=f"watched-{house.next_number()}")
        await settled(shop, visitors)
    watchers = [one.customer_id for one in visitors for _ in range(effort.size(WATCHERS_OF_EACH, FEW_WATCHERS))]
    aggregator, token = company.pids["aggregator"], company.token("call-centre", actor="agent-17")
    p99: list[Figure] = []
    async with AsyncExitStack() as stack:
        crowd = await stack.enter_async_context(LineProcess("tests.bench.watchers"))
        changing = await stack.enter_async_context(LineProcess("tests.bench.changing"))
        wish = {"address": company.address("cart"), "token": company.token("web-shop")}
        await changing.say(json.dumps({**wish, "visitors": [asdict(one) for one in visitors]}))
        before = resident_bytes(aggregator)
        wish = {"address": company.address("aggregator"), "token": token}
        opened = json.loads(await crowd.ask(json.dumps({**wish, "customers": watchers})))
        held = (resident_bytes(aggregator) - before) / KILOBYTE / max(1, opened["standing"])
        pids = {**company.pids, "database": house.database_pid, "broker": house.broker_pid, "watchers": crowd.pid}
        notes = {"watchers": len(watchers), "opened within s": opened["seconds"], "refused": opened["refused"]}
        for rate in [LOW_RATE] if effort.is_smoke else [EASY_RATE, RATE]:
            told = _At(rate, effort)
            if not effort.is_smoke:
                await _round(crowd, changing, told.order, watchers, late_seconds=LATE_SECONDS)  # to warm up
            for _ in range(effort.rounds):
                began = {name: cpu_of(pid) for name, pid in pids.items()}
                late_seconds = SMOKE_LATE_SECONDS if effort.is_smoke else LATE_SECONDS
                seen = await _round(crowd, changing, told.order, watchers, late_seconds=late_seconds)
                told.note(seen, {name: used_seconds(began[name], cpu_of(pid)) for name, pid in pids.items()})
            p99.append(told.figure(len(watchers), notes, goal=None if rate == EASY_RATE else P99_GOAL))
    return [
        *p99,
        value(NAME, "memory of a watcher", rounds=[held], unit="KB", goal=KILOBYTES_GOAL),
        value(
            NAME, "refused, of all opened at once", rounds=[len(watchers) - opened["standing"]], unit="streams", goal=0
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What came of one round."""

    delays_ms: Sequence[float]
    changes: int
    unseen: int
    """How often a change was not seen by somebody who watches."""
    failed: dict[str, int]
    """Changes that were not made, by status."""


class _At:
    """The rounds at one rate."""

    def __init__(self, rate: float, effort: Effort) -> None:
        self.order = {"seconds": effort.seconds, "rate": rate}
        self._rate = rate
        self._p99: list[float] = []
        self._missing: list[dict[str, int]] = []
        self._cpu_ms: list[dict[str, float]] = []

    def note(self, seen: _Seen, used: Mapping[str, float]) -> None:
        """Take one round in; one in which anything is missing is void."""
        if missing := {**seen.failed, **({"unseen": seen.unseen} if seen.unseen else {})}:
            self._missing.append(missing)
        else:
            self._p99.append(sorted(seen.delays_ms)[int(len(seen.delays_ms) * 0.99)])
        self._cpu_ms.append({name: seconds * 1000 / max(1, seen.changes) for name, seconds in used.items()})

    def figure(self, watchers: int, notes: Mapping[str, Any], *, goal: float | None) -> Figure:
        """Give what was found."""
        by_process = {name: median(one[name] for one in self._cpu_ms) for name in self._cpu_ms[0]}
        return value(
            NAME,
            f"p99 from a change to {watchers} watchers, {self._rate:g} changes a second",
            rounds=self._p99,
            unit="ms",
            goal=goal,
            void=len(self._missing),
            notes={
                **notes,
                "CPU ms a change": sum(by_process.values()),
                "CPU ms a change, by process": by_process,
                "missing in void rounds": self._missing,
            },
        )


async def _round(
    crowd: LineProcess, changing: LineProcess, order: dict[str, float], watchers: Sequence[str], *, late_seconds: float
) -> _Seen:
    """Change, and wait until everybody has seen everything, or it is too late."""
    await crowd.ask(json.dumps({"forget": True}))
    told = json.loads(await changing.ask(json.dumps(order)))
    deadline = time.monotonic() + late_seconds
    while True:
        arrivals = json.loads(await crowd.ask(json.dumps({"forget": False})))
        delays, unseen = delays_ms(told["changes"], arrivals, watchers)
        if not unseen or time.monotonic() > deadline:
            return _Seen(delays, len(told["changes"]), unseen, told["failed"])
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


ROW = Row(NAME, "WatchCustomerContext", measure)
