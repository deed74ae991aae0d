"""Two and four times as many calls as preference can serve: most of what it can do it goes on doing, opt-outs first.

Measured within one run, in turns: the peak (workers that wait for their answers), a quiet spell, the overload.
"""

import asyncio
import itertools
from collections import Counter
from dataclasses import replace
from statistics import mean, median

import pytest

from deploy.local.suite import Suite
from libs.rpc.scopes import EVERY
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from tests.faults.pressure.plan import OPT_OUT, PROOF, READ, LoadPlan, LoadResult
from tests.faults.pressure.process import load
from tests.faults.results import note
from tests.faults.seeds import rounds, seed
from tests.journeys.people import consent, log_in, somebody
from tests.patience import patiently
from tests.running_suite import Channels

pytestmark = pytest.mark.timeout(900)

CUSTOMERS = 200
"""So many that what is kept of each hardly grows in the meantime: the peak is to be the same from first to last."""
CHANNELS = ("web-shop", "mobile-app", "call-centre", "store-042", "messenger")
COMING = 8
"""So many of them come at once."""
TURNS = 10
SECONDS = 4.0
WORKERS = 12
QUIET = 0.2
GOODPUT = {2: 0.85, 4: 0.60}
SLOWER = 3.0
RECOVERED = 0.95
"""So much of what is asked right after an overload is served at once, while events of the opt-outs still come."""
ALL = 0.99
SPELLS = 6
"""After so many spells at the latest all of it is served again."""


async def plan_for(suite: Suite, channels: Channels) -> LoadPlan:
    async def come_one() -> str:
        customer_id = (await log_in(channels.shop, somebody())).customer_id
        await consent(channels.shop, customer_id, DELIVERY_KIND_EMAIL)
        return customer_id

    async def come(count: int) -> list[str]:
        return [await patiently(come_one) for _ in range(count)]

    some = await asyncio.gather(*(come(CUSTOMERS // COMING) for _ in range(COMING)))
    customers = list(itertools.chain.from_iterable(some))
    authority = suite.root_certificates
    return LoadPlan(
        address=suite.plan.ports.addresses().preference,
        tokens=[suite.token(channel, scopes=EVERY) for channel in CHANNELS],
        customers=customers,
        seconds=SECONDS,
        authority=authority.decode() if authority else "",
        seed=seed(),
    )


async def served_again(plan: LoadPlan) -> list[float]:
    """Ask for as little as before the overload until all of it is served; give the share that was, of each spell."""
    shares: list[float] = []
    while not shares or (shares[-1] < ALL and len(shares) < SPELLS):
        result = await load(plan)
        shares.append(result.goodput / result.offered)
    return shares


async def test_most_of_what_can_be_done_is_done_and_opt_outs_are_turned_away_last(
    suite: Suite, channels: Channels
) -> None:
    plan = await plan_for(suite, channels)
    peaks: list[LoadResult] = []
    quiet: list[LoadResult] = []
    overloads: dict[int, list[LoadResult]] = {2: [], 4: []}
    after: list[list[float]] = []
    await load(replace(plan, workers=WORKERS, seconds=1.0))  # whatever is slow the first time
    for _ in range(rounds(TURNS)):
        for times, results in overloads.items():
            peaks.append(await load(replace(plan, workers=WORKERS)))
            can_be_done = max(result.goodput for result in peaks)  # right after an overload less is let in for a while
            quiet.append(await load(replace(plan, rate=can_be_done * QUIET)))
            results.append(await load(replace(plan, rate=can_be_done * times)))
            after.append(await served_again(replace(plan, rate=quiet[-1].offered)))

    peak = max(result.goodput for result in peaks)
    unloaded = median(result.p(0.99, READ) for result in quiet)
    found = [
        f"peak {peak:.0f}/s, {peaks[0].goodput:.0f}/s at first and {peaks[-1].goodput:.0f}/s at last",
        f"unloaded p99 {unloaded * 1000:.0f} ms",
    ]
    is_quick = is_in_order = True
    for times, results in overloads.items():
        goodput = mean(result.goodput for result in results) / peak
        slowest = median(result.p(0.99, READ) for result in results) / unloaded
        shed = {kind: mean(result.by_kind[kind].shed_share for result in results) for kind in (PROOF, READ, OPT_OUT)}
        lost = {kind: mean(result.by_kind[kind].lost_share for result in results) for kind in (PROOF, READ, OPT_OUT)}
        others = sum((Counter(result.others()) for result in results), Counter())
        failed = ", ".join(f"{count} {code}" for code, count in sorted(others.items())) or "none"
        found.append(
            f"{times} times: goodput {goodput:.0%}, p99 {slowest:.1f} times, shed {shed[PROOF]:.0%} of bulk, "
            f"{shed[READ]:.0%} of reads, {shed[OPT_OUT]:.0%} of opt-outs, failed otherwise: {failed}"
        )
        is_in_order = is_in_order and lost[PROOF] >= lost[READ] >= lost[OPT_OUT]
        is_quick = is_quick and goodput >= GOODPUT[times] and slowest <= SLOWER
    at_once, in_the_end = mean(shares[0] for shares in after), min(shares[-1] for shares in after)
    found.append(f"afterwards {at_once:.0%} served, {in_the_end:.0%} after {max(map(len, after))} spells at most")
    note(
        "overload",
        seed=seed(),
        done=sum(tally.sent for results in overloads.values() for one in results for tally in one.by_kind.values()),
        wanted="goodput 85 % and 60 %, p99 3 times at most, bulk shed before reads before opt-outs, all served after",
        found="; ".join(found),
        ok=is_in_order and in_the_end >= ALL,
        in_time=is_quick and at_once >= RECOVERED,
    )
