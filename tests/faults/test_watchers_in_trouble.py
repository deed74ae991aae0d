"""200 watchers, a third killed, frozen, half-open or slow: the others see everything, and nobody is wrong unknowingly.

Each group is a process of its own. Who lives has each change within two seconds; whose stream died knows it within six,
and who slept sees the newest again; what nobody listens to any more is let go within five.
"""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import pytest
from google.type.money_pb2 import Money

from deploy.local.suite import Suite
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from tests.faults.results import note
from tests.faults.seeds import rounds, seed
from tests.faults.watching_crowd import Crowd, Wish
from tests.journeys.people import log_in, somebody
from tests.proxies.tcp import Proxy
from tests.running_suite import Channels, until
from tests.services.running import LOOPBACK

pytestmark = pytest.mark.timeout(900)

FULL_WATCHERS, LEAST_WATCHERS = 200, 24
FULL_ROUNDS = 10
CUSTOMERS = 8
NEWEST_SECONDS, SILENT_SECONDS, FREED_SECONDS = 2.0, 6.0, 5.0
SLOW_SECONDS = 1.0
CHANGE_SECONDS = 0.5
WAIT_SECONDS = 60.0
MOST_GROWTH_MB = 25.0


@dataclass(slots=True)
class Groups:
    """The crowds of one round."""

    well: list[Crowd]
    killed: Crowd
    frozen: Crowd
    half_open: Crowd
    slow: Crowd
    proxy: Proxy

    @property
    def all(self) -> list[Crowd]:
        return [*self.well, self.killed, self.frozen, self.half_open, self.slow]

    @property
    def reached(self) -> int:
        """How many watchers are left when the others are gone."""
        return sum(len(crowd.seen) for crowd in (*self.well, self.slow))


@dataclass(slots=True)
class Worst:
    """The worst of all rounds, in seconds."""

    newest: float = 0.0
    slow: float = 0.0
    silent: float = 0.0
    slept: float = 0.0
    freed: float = 0.0
    back: float = 0.0


@dataclass(slots=True)
class Writer:
    """Puts one numbered thing after the other into every cart, and notes when that was acknowledged."""

    channels: Channels
    customers: Sequence[str]
    change: int = 0
    told: dict[tuple[str, int], float] = field(default_factory=dict)
    """By customer and change."""

    async def write(self) -> None:
        self.change += 1

        async def one(customer_id: str) -> None:
            thing = f"thing-{self.change}"
            price = Money(currency_code="EUR", units=1)
            request = AddItemRequest(customer_id=customer_id, sku=thing, name=thing, unit_price=price, quantity=1)
            await self.channels.shop.cart.AddItem(request)
            self.told[customer_id, self.change] = time.monotonic()

        await asyncio.gather(*map(one, self.customers))

    async def write_until(self, moment: float) -> None:
        while time.monotonic() < moment:
            await self.write()
            await asyncio.sleep(CHANGE_SECONDS)

    def slowest(self, crowd: Crowd, changes: Sequence[int]) -> float:
        """How long after its acknowledgement somebody of a crowd had a change, at worst."""
        return max(
            seen.has_at(change) - self.told[customer_id, change]
            for seen, customer_id in zip(crowd.seen, crowd.wish.customers, strict=True)
            for change in changes
        )


async def groups_of(suite: Suite, customers: Sequence[str], count: int, stack: AsyncExitStack) -> Groups:
    """Start the watchers: two thirds of them will be well."""
    address = suite.plan.ports.addresses().context
    proxy = await stack.enter_async_context(Proxy.to(address))
    roots = (suite.root_certificates or b"").decode()

    def crowd(size: int, first: int, *, at: str = address, pace_seconds: float = 0.0) -> Crowd:
        watched = [customers[(first + number) % len(customers)] for number in range(size)]
        one = Crowd(Wish(at, suite.token("call-centre", actor="agent-17"), roots, watched, pace_seconds))
        stack.push_async_callback(one.stop)
        return one

    bad = max(1, count // 12)
    well = count - 4 * bad
    groups = Groups(
        well=[crowd(well // 2, 0), crowd(well - well // 2, well // 2)],
        killed=crowd(bad, 0),
        frozen=crowd(bad, 1),
        half_open=crowd(bad, 2, at=proxy.address),
        slow=crowd(bad, 3, pace_seconds=SLOW_SECONDS),
        proxy=proxy,
    )
    await asyncio.gather(*(crowd.start() for crowd in groups.all))
    return groups


async def metric(suite: Suite, name: str) -> float:
    """Read a figure of the aggregator."""

    def read() -> str:
        with urlopen(f"http://{LOOPBACK}:{suite.plan.ports.services['aggregator'].metrics}/metrics") as page:
            return str(page.read().decode())

    lines = (await asyncio.to_thread(read)).splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{name} "))


async def one_round(suite: Suite, channels: Channels, worst: Worst, count: int) -> None:
    """Let a third get into trouble while carts change, and come out of it again."""
    customers = [(await log_in(channels.store, somebody())).customer_id for _ in range(CUSTOMERS)]
    writer, others = Writer(channels, customers), await metric(suite, "omnithread_watchers")
    async with AsyncExitStack() as stack:
        groups = await groups_of(suite, customers, count, stack)

        async def least() -> int:
            return min(len(seen.states) for crowd in groups.all for seen in crowd.seen)

        await until(least, lambda states: states > 0, limit_seconds=WAIT_SECONDS)
        await writer.write_until(time.monotonic() + 2)

        struck = time.monotonic()
        os.kill(groups.killed.pid, signal.SIGKILL)
        os.kill(groups.frozen.pid, signal.SIGSTOP)
        groups.proxy.freeze()
        first = writer.change + 1
        writing = asyncio.create_task(writer.write_until(struck + SILENT_SECONDS + 2))
        await until(lambda: metric(suite, "omnithread_watchers"), lambda found: found <= others + groups.reached)
        worst.freed = max(worst.freed, time.monotonic() - struck)
        await writing

        woken, last = time.monotonic(), writer.change
        os.kill(groups.frozen.pid, signal.SIGCONT)
        groups.proxy.cut()
        groups.proxy.thaw()
        await writer.write()
        living = [crowd for crowd in groups.all if crowd is not groups.killed]

        async def behind() -> int:
            return sum(seen.has_at(writer.change) == float("inf") for crowd in living for seen in crowd.seen)

        await until(behind, lambda left: left == 0, limit_seconds=WAIT_SECONDS)
        worst.back = max(worst.back, time.monotonic() - woken)
        everything = range(1, writer.change + 1)
        worst.newest = max(worst.newest, *(writer.slowest(crowd, everything) for crowd in groups.well))
        worst.slow = max(worst.slow, writer.slowest(groups.slow, everything) - SLOW_SECONDS)
        for seen, customer_id in zip(groups.half_open.seen, groups.half_open.wish.customers, strict=True):
            outdated = writer.told[customer_id, first]
            worst.silent = max(worst.silent, min(seen.knows_at(struck), seen.has_at(first)) - outdated)
        for seen in groups.frozen.seen:
            worst.slept = max(worst.slept, min(seen.knows_at(woken), seen.has_at(last)) - woken)


async def test_who_lives_sees_everything_and_who_does_not_knows_it(suite: Suite, channels: Channels) -> None:
    count, worst = max(LEAST_WATCHERS, rounds(FULL_WATCHERS)), Worst()
    pid = suite.services["aggregator"].pid
    assert pid is not None
    await one_round(suite, channels, Worst(), LEAST_WATCHERS)  # what is made once is there after it
    before = memory_mb(pid)
    done = rounds(FULL_ROUNDS)
    for _ in range(done):
        await one_round(suite, channels, worst, count)
    grown = memory_mb(pid) - before
    note(
        "watchers",
        seed=seed(),
        done=done,
        wanted=f"survivors newest within {NEWEST_SECONDS:.0f} s, nobody silently stale for {SILENT_SECONDS:.0f} s, "
        f"the dead freed in {FREED_SECONDS:.0f} s, memory flat",
        found=f"{count} watchers: survivors newest within {worst.newest:.2f} s (slow ones {worst.slow:.2f} s beyond "
        f"their own pace), silently stale {max(worst.silent, worst.slept):.1f} s, "
        f"the dead freed in {worst.freed:.1f} s, all newest {worst.back:.1f} s after, memory {grown:+.1f} MB",
        ok=grown <= MOST_GROWTH_MB,
        in_time=max(worst.newest, worst.slow) <= NEWEST_SECONDS
        and max(worst.silent, worst.slept) <= SILENT_SECONDS
        and worst.freed <= FREED_SECONDS,
    )


def memory_mb(pid: int) -> float:
    """How much of the memory a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
