"""Three relays of one service are frozen and thawed: nothing is missing or out of first order, and little comes twice.

What a frozen relay holds, the others publish; when it is thawed it goes on where it stood, and publishes that again.
Readers drop what they have, so what counts is the order in which each event comes first, and how much comes twice.
"""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from deploy.local.child import Child, start_child
from deploy.local.state import ROOT
from tests.faults.relays.replica import WRITTEN
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed
from tests.libs.events.conftest import opened
from tests.libs.events.shop import OpenShop
from tests.libs.events.topic import Sequences, read_until
from tests.running_suite import until

pytestmark = pytest.mark.timeout(900)

__all__ = ["opened"]

REPLICAS = 3
MOST_PUBLISHED = 1.2
FREEZES = rounds(60)
WRITES_PER_FREEZE = 60
"""Of each replica, so that the load lasts about as long as the freezing."""
LEAST_WRITES = 300
FROZEN_SECONDS = (0.2, 4.0)
"""Longer than what others wait before they take over what is left behind, and shorter."""


@pytest.fixture
async def replicas(
    opened: OpenShop, mongo_uri: str, kafka_bootstrap: str, tmp_path: Path
) -> AsyncIterator[list[tuple[Child, Path]]]:
    """Three processes that write and relay, each with the file of what it was told."""
    found: list[tuple[Child, Path]] = []
    writes = max(LEAST_WRITES, FREEZES * WRITES_PER_FREEZE)
    try:
        for number in range(REPLICAS):
            log = tmp_path / f"replica-{number}.log"
            where = [mongo_uri, opened.shop.database.name, kafka_bootstrap, opened.shop.topic]
            command = [sys.executable, "-m", "tests.faults.relays.replica", *where, str(number), str(writes)]
            found.append((await start_child(command, name=f"replica-{number}", log=log, cwd=ROOT), log))
        yield found
    finally:
        for child, _ in found:
            child.send(signal.SIGCONT)
            await child.stop()


async def freeze_again_and_again(replicas: list[tuple[Child, Path]]) -> None:
    """Freeze one or two of them at a time, for seeded whiles; never all, since then nobody would write."""
    draw = chance("relays")
    for _ in range(FREEZES):
        frozen = draw.sample(replicas, draw.choice((1, 1, 2)))
        for child, _ in frozen:
            child.send(signal.SIGSTOP)
        await asyncio.sleep(draw.uniform(*FROZEN_SECONDS))
        for child, _ in frozen:
            child.send(signal.SIGCONT)
        await asyncio.sleep(draw.uniform(0.0, 0.5))


def acknowledged(logs: Iterable[Path]) -> Counter[str]:
    """Count what the replicas wrote, by customer."""
    lines = (line for log in logs for line in log.read_text().splitlines())
    return Counter(line for line in lines if line.startswith("cus_"))


def out_of_first_order(found: Sequences) -> int:
    """Count events that came for the first time after a later one of the same customer had."""
    count = 0
    for sequences in found.values():
        newest = 0
        seen: set[int] = set()
        for seq in sequences:
            if seq not in seen and seq < newest:
                count += 1
            seen.add(seq)
            newest = max(newest, seq)
    return count


async def test_three_relays_that_are_frozen_and_thawed_miss_and_disorder_nothing(
    opened: OpenShop, replicas: list[tuple[Child, Path]], kafka_bootstrap: str
) -> None:
    logs = [log for _, log in replicas]

    async def written() -> int:
        for child, _ in replicas:
            if not child.running:
                raise child.failure("ended")
        return sum(WRITTEN in log.read_text() for log in logs)

    await until(lambda: _lines(logs), lambda count: count > REPLICAS * 10, limit_seconds=120)
    await freeze_again_and_again(replicas)
    await until(written, lambda count: count == REPLICAS, limit_seconds=600)

    async def waiting() -> tuple[int, int]:
        return await opened.shop.outboxes(), await opened.shop.pending()

    await until(waiting, lambda counts: counts == (0, 0), limit_seconds=120)
    told = acknowledged(logs)

    def all_there(found: Sequences) -> bool:
        return all(set(range(1, count + 1)) <= {*found.get(customer, ())} for customer, count in told.items())

    found = await read_until(kafka_bootstrap, opened.shop.topic, all_there)
    missing = sum(len(set(range(1, count + 1)) - {*found.get(customer, ())}) for customer, count in told.items())
    disordered = out_of_first_order(found)
    published = sum(map(len, found.values()))
    times = published / sum(len(set(sequences)) for sequences in found.values())
    note(
        "relays",
        seed=seed(),
        done=FREEZES,
        wanted=f"0 missing, 0 out of first order, published at most {MOST_PUBLISHED} times",
        found=f"{told.total()} events, {missing} missing, {disordered} out of order, published {times:.2f} times",
        ok=missing == 0 and disordered == 0 and times <= MOST_PUBLISHED,
    )


async def _lines(logs: list[Path]) -> int:
    return acknowledged(logs).total()


def test_what_comes_first_too_late_is_counted_and_what_comes_again_is_not() -> None:
    assert out_of_first_order({"anna": [1, 2, 3]}) == 0
    assert out_of_first_order({"anna": [1, 2, 1, 2, 3], "clara": [1, 1]}) == 0
    assert out_of_first_order({"anna": [1, 3, 2, 4]}) == 1
