"""A change on one channel, and a thousand screens that are open on others.

There is no reference: nothing usual does this. So the figures mean something on a quiet machine only, and the CPU of
the aggregator stands beside them.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict

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
    p99, unseen_in, cpu = list[float](), list[int](), list[float]()
    async with AsyncExitStack() as stack:
        crowd = await stack.enter_async_context(LineProcess("tests.bench.watchers"))
        changing = await stack.enter_async_context(LineProcess("tests.bench.changing"))
        wish = {"address": company.address("cart"), "token": company.token("web-shop")}
        await changing.say(json.dumps({**wish, "visitors": [asdict(one) for one in visitors]}))
        before = resident_bytes(aggregator)
        wish = {"address": company.address("aggregator"), "token": token}
        opened = json.loads(await crowd.ask(json.dumps({**wish, "customers": watchers})))
        held = (resident_bytes(aggregator) - before) / KILOBYTE / max(1, opened["standing"])
        order = {"seconds": effort.seconds, "rate": LOW_RATE if effort.is_smoke else RATE}
        if not effort.is_smoke:
            await _round(crowd, changing, order, watchers, late_seconds=LATE_SECONDS)  # to warm up
        for _ in range(effort.rounds):
            began = cpu_of(aggregator)
            late_seconds = SMOKE_LATE_SECONDS if effort.is_smoke else LATE_SECONDS
            delays, missing, changes = await _round(crowd, changing, order, watchers, late_seconds=late_seconds)
            unseen_in.append(missing)
            if not missing:
                p99.append(sorted(delays)[int(len(delays) * 0.99)])
                cpu.append(used_seconds(began, cpu_of(aggregator)) * 1000 / changes)
    void = sum(1 for unseen in unseen_in if unseen)
    notes = {
        "watchers": len(watchers),
        "opened within s": opened["seconds"],
        "refused": opened["refused"],
        "aggregator's CPU ms a change": cpu,
        "never seen, or failed, in each round": unseen_in,
    }
    return [
        value(
            NAME,
            f"p99 from a change to {len(watchers)} watchers, {order['rate']:g} changes a second",
            rounds=p99,
            unit="ms",
            goal=P99_GOAL,
            void=void,
            notes=notes,
        ),
        value(NAME, "memory of a watcher", rounds=[held], unit="KB", goal=KILOBYTES_GOAL),
        value(
            NAME, "refused, of all opened at once", rounds=[len(watchers) - opened["standing"]], unit="streams", goal=0
        ),
    ]


async def _round(
    crowd: LineProcess, changing: LineProcess, order: dict[str, float], watchers: Sequence[str], *, late_seconds: float
) -> tuple[list[float], int, int]:
    """Change, and wait until everybody has seen everything, or it is too late.

    Gives how long that took each of them, how often it was not seen or not even changed, and how many changes there
    were.
    """
    await crowd.ask(json.dumps({"forget": True}))
    told = json.loads(await changing.ask(json.dumps(order)))
    deadline = time.monotonic() + late_seconds
    while True:
        arrivals = json.loads(await crowd.ask(json.dumps({"forget": False})))
        delays, unseen = delays_ms(told["changes"], arrivals, watchers)
        if not unseen or time.monotonic() > deadline:
            return delays, unseen + sum(told["failed"].values()), len(told["changes"])
        await asyncio.sleep(LOOK_AGAIN_SECONDS)


ROW = Row(NAME, "WatchCustomerContext", measure)
