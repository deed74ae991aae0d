"""Hearing of every event as it is announced, on all partitions, without keeping a place: to wake those who wait.

For what may be missed: whoever listens reads the owner's state anyway, and is told when something may have passed by.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from google.protobuf.message import Message

from libs.events.kafka import KafkaAccess, close_consumer, new_tail_consumer, start, trouble
from libs.events.pauses import WHILE_KAFKA_IS_AWAY, growing_pause
from libs.events.polling import next_batch
from libs.events.streams import Stream, Unreadable

FIRST_PAUSE = timedelta(milliseconds=500)
CHECK_SECONDS = 2.0
CHECK_TIMEOUT_SECONDS = 3.0

log = structlog.get_logger(__name__)


class RecordsForgotten(Exception):
    """The broker has fewer records than were read from it."""


class EventTail:
    """Calls `on_event(area, event)` for what is announced from now on, at least once and in order per customer.

    Calls `on_gap()` at the start, and when Kafka is back after it was away or has forgotten records: what was announced
    meanwhile may not have been heard. Neither may raise or block.
    """

    def __init__(
        self,
        *,
        kafka: KafkaAccess,
        streams: Sequence[Stream],
        on_event: Callable[[str, Message], None],
        on_gap: Callable[[], None],
    ) -> None:
        self._kafka = kafka
        self._streams = {stream.topic: stream for stream in streams}
        self._on_event = on_event
        self._on_gap = on_gap

    async def run(self) -> None:
        """Listen until cancelled. No failure ends it."""
        failures = 0
        while True:
            consumer = new_tail_consumer(self._kafka, list(self._streams))
            try:
                await start(consumer)
                reached = {partition: await consumer.position(partition) for partition in consumer.assignment()}
                self._on_gap()
                while True:
                    await self._listen(consumer, reached)
                    await _check(consumer, reached)
                    failures = 0
            except Exception as error:  # noqa: BLE001  logged, and tried again
                failures += 1
                log.warning("tail_failed", failures=failures, **trouble(error))
            finally:
                await close_consumer(consumer)
            pause = growing_pause(failures, first=FIRST_PAUSE, most=WHILE_KAFKA_IS_AWAY)
            await asyncio.sleep(pause.total_seconds())

    async def _listen(self, consumer: AIOKafkaConsumer, reached: dict[TopicPartition, int]) -> None:
        until = time.monotonic() + CHECK_SECONDS
        while time.monotonic() < until:
            batch = await next_batch(consumer, idle_pause_seconds=self._kafka.idle_pause_seconds)
            for partition, records in batch.items():
                for record in records:
                    if record.offset < reached.get(partition, 0):
                        raise RecordsForgotten(str(partition))
                    reached[partition] = record.offset + 1
                    self._tell(self._streams[partition.topic], record.value or b"")

    def _tell(self, stream: Stream, data: bytes) -> None:
        try:
            event = stream.parse(data)
        except Unreadable:
            self._on_gap()
        else:
            self._on_event(stream.area, event)


async def _check(consumer: AIOKafkaConsumer, reached: Mapping[TopicPartition, int]) -> None:
    """Find out what the driver hides, which connects and begins again by itself.

    Raises KafkaError or TimeoutError where Kafka is away, and RecordsForgotten.
    """
    async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
        ends = await consumer.end_offsets(list(reached))
    for partition, end in ends.items():
        if end < reached[partition]:
            raise RecordsForgotten(str(partition))
