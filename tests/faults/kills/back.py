"""Waiting until a part is back in service: until it has done what nobody can do without it."""

import asyncio
import random
from dataclasses import replace
from datetime import datetime

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from deploy.local.suite import Suite
from tests.faults.kills.parts import Part
from tests.faults.load.deeds import Act
from tests.faults.load.mixed import Load

MOST_SECONDS = 90.0
TRY_AGAIN_SECONDS = 0.1


async def until_it_is_back(suite: Suite, load: Load, part: Part, *, moment: float, began: datetime) -> None:
    """Return when all that needs the part was asked after a moment and answered. `began` is that moment's date."""
    async with asyncio.timeout(MOST_SECONDS), asyncio.TaskGroup() as tasks:
        for channel_id, act in part.acts:
            tasks.create_task(_ask(load, channel_id, act))
        if part.seen_on:
            tasks.create_task(load.answered(moment, channel=part.seen_on))
        if part.name == "broker":
            tasks.create_task(until_something_is_published(suite, began))


async def _ask(load: Load, channel_id: str, act: Act) -> None:
    customer_id, person = next(iter(load.people.items()))
    usual = next(one for one in load.clients if one.channel_id == channel_id and one.patient)
    await act(replace(usual, name=f"asking-{act.__name__}", chance=random.Random(0)), customer_id, person)


async def until_something_is_published(suite: Suite, began: datetime) -> None:
    """Read topics from their beginning until there is a record that was written after a date."""
    while True:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=suite.backends.kafka_bootstrap_servers, group_id=None, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
            ours = [topic for topic in await consumer.topics() if topic.startswith(suite.plan.prefix)]
            consumer.subscribe(ours)
            while True:
                found = await consumer.getmany(timeout_ms=100)
                dates = [one.timestamp / 1000 for records in found.values() for one in records]
                if max(dates, default=0.0) >= began.timestamp():
                    return
        except (KafkaError, OSError):
            await asyncio.sleep(TRY_AGAIN_SECONDS)
        finally:
            await consumer.stop()
