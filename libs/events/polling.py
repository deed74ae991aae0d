"""Asking Kafka for the next records.

A Kafka broker holds the question until there is something to answer, so asking again at once costs nothing.
The embedded broker answers at once, also that there is nothing: a consumer of it would ask two hundred times a second
and take a fifth of a core for that. There partitions are paused between questions (`KafkaAccess.idle_pause_seconds`).
"""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

MOST_RECORDS = 500
POLL_MS = 1000
QUESTION_MS = 8  # enough for one answer on the same machine

Batch = dict[TopicPartition, list["ConsumerRecord[bytes, bytes]"]]


async def next_batch(consumer: AIOKafkaConsumer, *, idle_pause_seconds: float) -> Batch:
    """Give the next records, or none after about a second; between questions to an idle broker pause as given."""
    if not idle_pause_seconds:
        waited: Batch = await consumer.getmany(timeout_ms=POLL_MS, max_records=MOST_RECORDS)
        return waited
    deadline = time.monotonic() + POLL_MS / 1000
    while True:
        consumer.resume(*consumer.assignment())
        batch: Batch = await consumer.getmany(timeout_ms=QUESTION_MS, max_records=MOST_RECORDS)
        if batch or time.monotonic() > deadline:
            return batch
        consumer.pause(*consumer.assignment())
        await asyncio.sleep(idle_pause_seconds)
