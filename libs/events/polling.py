"""Asking Kafka for the next records.

A Kafka broker holds the question until there is something to answer, so asking again at once costs nothing.
The embedded broker answers at once, also that there is nothing: the driver would ask it over a hundred times a second.
There partitions are paused, and the broker is asked for their ends now and then (`KafkaAccess.idle_pause_seconds`):
records are fetched only where some are known to wait. That takes a seventh of the CPU where nothing is announced, and
half where much is.
"""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

MOST_RECORDS = 500
POLL_MS = 1000
ANSWER_MS = 100
"""What is known to wait is here within this time, or is asked for again."""

Batch = dict[TopicPartition, list["ConsumerRecord[bytes, bytes]"]]


async def next_batch(consumer: AIOKafkaConsumer, *, idle_pause_seconds: float) -> Batch:
    """Give the next records, or none after about a second; between questions to an idle broker pause as given."""
    if not idle_pause_seconds:
        waited: Batch = await consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
        return waited
    deadline = time.monotonic() + POLL_MS / 1000
    batch: Batch = await consumer.getmany(timeout_ms=0, max_records=MOST_RECORDS)  # more came than the last one holds
    while True:
        if sum(map(len, batch.values())) < MOST_RECORDS:
            consumer.pause(*consumer.assignment())  # else the driver goes on asking, also while a batch is handled
        if batch or time.monotonic() > deadline:
            return batch
        if await _may_have_more(consumer):
            consumer.resume(*consumer.assignment())
            batch = await consumer.getmany(timeout_ms=ANSWER_MS, max_records=MOST_RECORDS)
        else:
            await asyncio.sleep(idle_pause_seconds)


async def _may_have_more(consumer: AIOKafkaConsumer) -> bool:
    """Say whether records wait; also where the broker does not say so, since fetching finds out what is the matter."""
    partitions = list(consumer.assignment())
    if not partitions:
        return False
    try:
        async with asyncio.timeout(POLL_MS / 1000):
            ends = await consumer.end_offsets(partitions)
            return any([end > await consumer.position(partition) for partition, end in ends.items()])
    except (KafkaError, TimeoutError):
        return True
