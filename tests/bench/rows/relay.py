"""The relay, against one that sends an event, waits for the broker, and sends the next.

Both take the same records from a stub of the database, so that what counts is the relay and the broker. After each
round the broker is asked whether all events are there, and the stub whether nothing waits any more.
"""

import asyncio
import copy
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from pymongo import MongoClient

from deploy.local.plan import fresh_prefix
from libs.events.kafka import KafkaAccess, ensure_topics
from libs.mongo.connection import connect, database, disconnect
from tests.bench.company import PARTITIONS
from tests.bench.cpu import cpu_of, used_seconds
from tests.bench.figures import Figure, ratio, value
from tests.bench.house import House
from tests.bench.lines import LineProcess
from tests.bench.relaying import ONE_BY_ONE, OWN, WAITING
from tests.bench.rounds import Effort, in_turns
from tests.bench.row import Row
from tests.bench.servers import MongoStub
from tests.bench.spells import MS, Spell, cpu_ms
from tests.libs.events.shop import Shop

NAME = "relay"
CPU_GOAL, RATE_GOAL = 0.05, 5000.0
CUSTOMERS, FEW_CUSTOMERS = 1000, 20
EVENTS_OF_EACH = 5
DATABASE = "relayed"


@dataclass(frozen=True, slots=True)
class Relayed:
    """One of the two, with a stub and a topic of its own."""

    process: LineProcess
    stub: MongoStub
    topic: str
    house: House
    template: dict[str, Any]

    async def take(self, _seconds: float) -> Spell:
        """Let so many events wait, and announce them all."""
        customers = self.house.effort.size(CUSTOMERS, FEW_CUSTOMERS)
        word, before = f"cus_{self.house.next_number()}_", await self._on_kafka()
        await asyncio.to_thread(self._fill, word, customers)
        pids = {"relay": self.process.pid, "broker": self.house.broker_pid, "stub": self.stub.process_id}
        began = {name: cpu_of(pid) for name, pid in pids.items()}
        seconds = float(await self.process.ask("go"))
        used = {name: used_seconds(began[name], cpu_of(pid)) for name, pid in pids.items()}
        events = customers * EVENTS_OF_EACH
        arrived = await self._on_kafka() - before
        waiting = await asyncio.to_thread(self._waiting)
        return Spell(
            calls=events,
            wrong=abs(arrived - events) + waiting,
            wall_seconds=seconds,
            cpu_seconds={name: used[name] for name in ("relay", "broker")},
            apart_seconds={"stub": used["stub"]},
        )

    def _fill(self, word: str, customers: int) -> None:
        client: MongoClient[dict[str, Any]]
        with MongoClient(self.stub.uri, document_class=dict) as client:
            records = client[DATABASE]["records"]
            client[DATABASE]["events"].delete_many({})
            records.delete_many({})
            records.insert_many([copy.copy(self.template) | {"_id": f"{word}{number}"} for number in range(customers)])

    def _waiting(self) -> int:
        client: MongoClient[dict[str, Any]]
        with MongoClient(self.stub.uri, document_class=dict) as client:
            return client[DATABASE]["records"].count_documents(WAITING)

    async def _on_kafka(self) -> int:
        consumer = AIOKafkaConsumer(bootstrap_servers=self.house.kafka.address.bootstrap_servers)
        await consumer.start()
        try:
            places = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
            return sum((await consumer.end_offsets(places)).values())
        finally:
            await consumer.stop()


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Measure both."""
    async with AsyncExitStack() as stack:
        sides: dict[str, Relayed] = {}
        for kind in (ONE_BY_ONE, OWN):
            stub = MongoStub(house.new_folder("empty"), folder=house.folder)
            await stack.enter_async_context(stub)
            kafka, topic = house.kafka.address.bootstrap_servers, f"{fresh_prefix('relay')}events"
            await ensure_topics(KafkaAccess(bootstrap_servers=kafka), [topic], partitions=PARTITIONS)
            template = await _template(stub.uri, topic, kafka)
            process = LineProcess("tests.bench.relaying", kind, stub.uri, DATABASE, kafka, topic)
            await stack.enter_async_context(process)
            sides[kind] = Relayed(process, stub, topic, house, template)
        taken = await in_turns({kind: one.take for kind, one in sides.items()}, effort)
        for one in sides.values():
            one.stub.check()
    own = [spell for spell in taken[OWN] if not spell.is_void]
    return [
        ratio(
            NAME,
            "CPU of relay and broker",
            subject=taken[OWN],
            reference=taken[ONE_BY_ONE],
            quantity=cpu_ms,
            told_as="ms CPU an event",
            against="one event at a time",
            goal=CPU_GOAL,
        ),
        value(
            NAME,
            "events a second and core",
            rounds=[MS / cpu_ms(spell) for spell in own],
            unit="a second",
            goal=RATE_GOAL,
            at_least=True,
            void=len(taken[OWN]) - len(own),
        ),
    ]


async def _template(uri: str, topic: str, kafka: str) -> dict[str, Any]:
    """Give a record with events that wait, as the suite writes it."""
    client = connect(uri, app_name="template")
    try:
        written = database(client, DATABASE)
        shop = Shop(database=written, kafka=KafkaAccess(bootstrap_servers=kafka), topic=topic, epoch="epo_bench")
        for _ in range(EVENTS_OF_EACH):
            await shop.add_bag("cus_template")
        found = await written["records"].find_one({"_id": "cus_template"})
        assert found is not None
        return {**found, "outbox": [{**entry, "members": []} for entry in found["outbox"]]}
    finally:
        await disconnect(client)


ROW = Row(NAME, "the relay", measure)
