"""What waits, what is late and which writes lost a race is counted, by an index and up to a limit."""

import asyncio
from datetime import timedelta
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from libs.mongo.connection import Database
from libs.mongo.due_counts import DueCounts, DueGauges
from libs.mongo.metrics import WriteMetrics
from libs.mongo.relay_store import Backlog, RelayStore
from libs.mongo.shapes import RECORDS
from libs.timestamps import EPOCH as NEVER
from tests.libs.mongo.notebook import NOON, SetClock, notebooks, stamp, until_done, write_down


def gauge(registry: CollectorRegistry, name: str) -> Gauge:
    return Gauge(name, "For a test.", registry=registry)


async def test_what_waits_and_what_is_late_are_told_apart(database: Database) -> None:
    registry, clock = CollectorRegistry(), SetClock()
    times = {"done": NEVER, "later": NOON + timedelta(hours=1), "just": NOON, "late": NOON - timedelta(minutes=5)}
    await database["work"].insert_many([{"_id": name, "due_time": time} for name, time in times.items()])
    counts = DueCounts(
        database=database,
        collection="work",
        field="due_time",
        gauges=DueGauges(gauge(registry, "waiting"), gauge(registry, "overdue"), gauge(registry, "oldest")),
        clock=clock,
        match={},
        grace=timedelta(minutes=1),
    )

    def told() -> list[float | None]:
        return [registry.get_sample_value(name) for name in ("waiting", "overdue", "oldest")]

    await counts.count()
    assert told() == [3, 1, 300]
    await database["work"].delete_many({})
    await counts.count()
    assert told() == [0, 0, 0]


async def test_the_relay_knows_how_much_waits_and_since_when(database: Database) -> None:
    records = notebooks(database)
    for name in ("ann", "bob"):
        await records.run(name, stamp(), write_down("milk"))
    store = RelayStore(database)
    assert await store.backlog(limit=10) == Backlog(records=2, events=0, oldest_time=NOON)
    assert (await store.backlog(limit=1)).records == 1
    taken = await store.load(["ann"])
    await store.keep_events(taken, now=NOON)
    await store.pull(taken)
    assert await store.backlog(limit=10) == Backlog(records=1, events=1, oldest_time=NOON)


async def test_a_lost_race_is_counted_and_the_command_is_carried_out_all_the_same(database: Database) -> None:
    registry = CollectorRegistry()
    metrics = WriteMetrics(registry)
    processes = [notebooks(database, metrics=metrics) for _ in range(2)]
    await asyncio.gather(
        *(until_done(partial(one.run, "ann", stamp(), write_down(f"{n}"))) for one in processes for n in range(8))
    )

    def tries(outcome: str) -> float:
        labels = {"collection": RECORDS, "outcome": outcome}
        return registry.get_sample_value("omnithread_write_tries_total", labels) or 0

    assert tries("WRITTEN") == 16
    assert tries("LOST_RACE") > 0
