"""One document and one event in a hundred are poison: the others come as fast as before, and nothing is given up.

What cannot be relayed is parked on its own record, what cannot be handled on its own cursor, each with its reason;
mended, all of it comes, in order. The owner and the reader of the events are small ones (`tests/libs/events`); the
relay and the consumer are those of every service.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from aiokafka import AIOKafkaProducer

from libs.events import relay
from libs.mongo.parked import retry_parked
from libs.mongo.shapes import RECORDS
from tests.faults.results import note
from tests.faults.seeds import chance, rounds, seed
from tests.libs.events.conftest import opened, reader
from tests.libs.events.reader import Reader
from tests.libs.events.shop import AREA, BAGS, WAIT_SECONDS, OpenShop, running, until
from tests.own_logging import logging_of_its_own

pytestmark = pytest.mark.timeout(900)

__all__ = ["opened", "reader"]

ONE_IN = 100
MOST_TIMES = 1.5
CUSTOMERS = max(ONE_IN, rounds(2000))
AT_ONCE = 10
"""Customers who do something at the same moment; the next ones when all of these were heard of."""
NO_COLLECTION = ".not-a-name."
"""MongoDB refuses to put anything into a collection of this name."""


class Delays:
    """How long each customer's bag took from being acknowledged to being handled by the reader."""

    def __init__(self, opened: OpenShop, reader: Reader) -> None:
        self._opened, self._reader = opened, reader
        self._added: dict[str, float] = {}

    async def of(self, customer_ids: Sequence[str], poison: frozenset[str]) -> list[float]:
        """Add a bag for each, some of them poison, and give the delays of the others."""
        delays: list[float] = []
        for start in range(0, len(customer_ids), AT_ONCE):
            some = customer_ids[start : start + AT_ONCE]
            await asyncio.gather(*(self._add(one, poisoned=one in poison) for one in some))
            waiting, deadline = set(some) - poison, time.monotonic() + WAIT_SECONDS
            while waiting:
                assert time.monotonic() < deadline, f"{len(waiting)} never came"
                await asyncio.sleep(0.005)
                delays += self._arrived(waiting)
        return delays

    async def _add(self, customer_id: str, *, poisoned: bool) -> None:
        await self._opened.shop.add_bag(customer_id, collection=NO_COLLECTION if poisoned else BAGS)
        self._added[customer_id] = time.monotonic()

    def _arrived(self, waiting: set[str]) -> list[float]:
        now = time.monotonic()
        come = [one for one in waiting if self._reader.given[one]]
        waiting.difference_update(come)
        return [now - self._added[one] for one in come]


async def garbage(kafka_bootstrap: str, topic: str, customer_ids: Sequence[str]) -> None:
    """Put bytes that are no event onto the topic, under the keys of customers who have events there."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    try:
        for customer_id in customer_ids:
            await producer.send_and_wait(topic, b"\xff\xff no event", key=customer_id.encode())
    finally:
        await producer.stop()


async def test_poison_slows_down_nobody_else_and_all_of_it_comes_when_it_is_mended(
    opened: OpenShop, reader: Reader, kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "FIRST_PAUSE", relay.FIRST_PAUSE / 10)  # five tries are over in some seconds
    draw, delays = chance("poison"), Delays(opened, reader)
    people = [f"cus_{number}" for number in range(CUSTOMERS)]
    few = max(1, CUSTOMERS // ONE_IN)
    unrelayable = frozenset(draw.sample(people, few))
    indigestible = frozenset(draw.sample(sorted(set(people) - unrelayable), few))
    async with _quietly(), running(opened.shop.relay.run, reader.consumer.run):
        await delays.of(["warm_1", "warm_2"], frozenset())
        usual = await delays.of([f"before_{one}" for one in people], frozenset())
        reader.poisoned |= indigestible
        await garbage(kafka_bootstrap, opened.shop.topic, draw.sample(people, few))
        slowed = await _with_poison(opened, delays, people, unrelayable, indigestible)
        records, streams = await _parked(opened, reader, unrelayable, indigestible)

        reader.poisoned.clear()
        await _mend(opened, unrelayable)
        await retry_parked(opened.shop.database, ())
        await reader.retry_parked()
        for customer_id in sorted(unrelayable | indigestible):
            await until(lambda who=customer_id: reader.has(who, 1), what=f"{customer_id} comes")  # type: ignore[misc]
    times = statistics.mean(slowed) / statistics.mean(usual)
    note(
        "poison",
        seed=seed(),
        done=CUSTOMERS,
        wanted=f"the others' lag at most {MOST_TIMES} times, all {2 * few} parked visible, replayed when mended",
        found=f"lag {times:.2f} times ({statistics.mean(slowed) * 1000:.0f} ms), "
        f"{records} records and {streams} streams parked, all replayed",
        ok=(records, streams) == (few, few),
        in_time=times <= MOST_TIMES,
    )


@asynccontextmanager
async def _quietly() -> AsyncIterator[None]:
    """Log as services do: what a terminal shows of an exception takes long to write."""
    with logging_of_its_own():
        yield


async def _with_poison(
    opened: OpenShop, delays: Delays, people: Sequence[str], unrelayable: frozenset[str], indigestible: frozenset[str]
) -> list[float]:
    for customer_id in sorted(indigestible):
        await opened.shop.add_bag(customer_id)
    return await delays.of([one for one in people if one not in indigestible], unrelayable)


async def _parked(
    opened: OpenShop, reader: Reader, unrelayable: frozenset[str], indigestible: frozenset[str]
) -> tuple[int, int]:
    """Wait until all poison is parked where an operator sees it, and count it."""
    records = opened.shop.database[RECORDS]

    async def all_parked() -> bool:
        parked = await records.count_documents({"relay.parked_since": {"$exists": True}})
        return parked == len(unrelayable) and (await reader.cursors.count_parked(limit=1000))[AREA] >= len(indigestible)

    await until(all_parked, what="all poison is parked")
    named = {document["_id"] async for document in records.find({"relay.reason": {"$gt": ""}})}
    cursors = await reader.cursors.get_many([(AREA, one) for one in indigestible])
    return len(named & unrelayable), sum("Poison" in one.parked_reason for one in cursors.values())


async def _mend(opened: OpenShop, unrelayable: frozenset[str]) -> None:
    """Put right what the reason names, as whoever looks after it would."""
    records = opened.shop.database[RECORDS]
    async for record in records.find({"_id": {"$in": sorted(unrelayable)}}, {"outbox": 1}):
        for entry in record["outbox"]:
            for member in entry["members"]:
                member["collection"] = BAGS
        await records.update_one({"_id": record["_id"]}, {"$set": {"outbox": record["outbox"]}})
