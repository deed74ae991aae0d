"""A relay by itself, as a process: the suite's own, or one that sends event by event, on a stub of the database.

`python -m tests.bench.relaying own|one-by-one MONGO_URI DATABASE KAFKA TOPIC`: for each line of input it announces all
that waits in the records, and answers with a line: how many seconds that took.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from aiokafka import AIOKafkaProducer

from libs.clock import system_clock
from libs.events.kafka import KafkaAccess
from libs.events.relay import Relay
from libs.mongo.connection import Database, connect, database
from libs.mongo.relay_store import RelayStore
from libs.mongo.shapes import EVENTS, RECORDS
from tests.bench.reference.one_by_one import announce

OWN, ONE_BY_ONE = "own", "one-by-one"
LOOK_AGAIN_SECONDS = 0.005
LONGEST_SECONDS = 300.0
FLUSH_SECONDS = 1.0
WAITING = {"outbox.seq": {"$gt": 0}}
PENDING = {"pending_since": {"$exists": True}}


async def own(records: Database, kafka: str, topic: str) -> Callable[[], Awaitable[None]]:
    """Give what lets the suite's relay announce all."""
    access = KafkaAccess(bootstrap_servers=kafka)
    relay = Relay(store=RelayStore(records), kafka=access, topic=topic, clock=system_clock)
    running = asyncio.create_task(relay.run())

    async def go() -> None:
        for record in await records[RECORDS].find(WAITING, {"_id": 1}).to_list(None):
            relay.nudge(record["_id"])
        async with asyncio.timeout(LONGEST_SECONDS):
            while not await relay.flush(FLUSH_SECONDS) or await records[EVENTS].count_documents(PENDING):
                if running.done():
                    running.result()
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    return go


async def one_by_one(records: Database, kafka: str, topic: str) -> Callable[[], Awaitable[None]]:
    """Give what announces all, one event at a time."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    await producer.start()

    async def go() -> None:
        async with asyncio.timeout(LONGEST_SECONDS):
            await announce(records[RECORDS], producer, topic)

    return go


async def main(kind: str, uri: str, name: str, kafka: str, topic: str) -> None:
    """Announce when told."""
    records = database(connect(uri, app_name=kind), name)
    go = await (own if kind == OWN else one_by_one)(records, kafka, topic)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        began = time.perf_counter()
        await go()
        sys.stdout.write(f"{time.perf_counter() - began}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:6]))
