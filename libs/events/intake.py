"""Taking records from Kafka as a member of a group, batch after batch."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError

from libs.events.follower import Follower, Received
from libs.events.kafka import KafkaAccess, close_consumer, new_group_consumer, start, trouble
from libs.events.pauses import growing_pause
from libs.events.polling import Batch, next_batch
from libs.events.streams import Stream, Unreadable, header_of
from libs.telemetry.scrub import type_name

FIRST_PAUSE = timedelta(milliseconds=500)
LONGEST_PAUSE = timedelta(seconds=10)
BATCH_PAUSE_SECONDS = 1.0

log = structlog.get_logger(__name__)


class Intake:
    """Offsets are committed after the effects of their records are saved; the cursors, not offsets, decide what is new.

    While Kafka is away it tries again after growing pauses; the comparison of heads carries on without it.
    """

    def __init__(
        self, *, kafka: KafkaAccess, group: str, streams: Sequence[Stream], follower: Follower, slots: asyncio.Semaphore
    ) -> None:
        self._kafka = kafka
        self._group = group
        self._streams = {stream.topic: stream for stream in streams}
        self._follower = follower
        self._slots = slots

    async def run(self) -> None:
        """Take records until cancelled. No failure ends it."""
        failures = 0
        while True:
            consumer = new_group_consumer(self._kafka, list(self._streams), group=self._group)
            try:
                await start(consumer)
                while True:
                    await self._take_batch(consumer)
                    failures = 0
            except Exception as error:  # noqa: BLE001  logged, and tried again
                failures += 1
                log.warning("intake_failed", group=self._group, failures=failures, **trouble(error))
            finally:
                await close_consumer(consumer)
            pause = growing_pause(failures, first=FIRST_PAUSE, most=LONGEST_PAUSE)
            await asyncio.sleep(pause.total_seconds())

    async def _take_batch(self, consumer: AIOKafkaConsumer) -> None:
        batch = await next_batch(consumer, idle_pause_seconds=self._kafka.idle_pause_seconds)
        if not batch:
            return
        customers = self._by_customer(batch)
        while customers:
            try:
                async with asyncio.TaskGroup() as tasks:
                    for (topic, customer_id), received in customers.items():
                        tasks.create_task(self._receive(self._streams[topic], customer_id, received))
                break
            except ExceptionGroup as errors:  # our own database is away: not even a parked stream could be noted
                log.warning("batch_failed", group=self._group, exc_info=errors.exceptions[0])
                await asyncio.sleep(BATCH_PAUSE_SECONDS)
        try:
            await consumer.commit({partition: records[-1].offset + 1 for partition, records in batch.items()})
        except (CommitFailedError, IllegalStateError) as error:  # the partitions are another member's by now
            log.info("commit_superseded", group=self._group, error=type_name(error))

    async def _receive(self, stream: Stream, customer_id: str, received: Sequence[Received]) -> None:
        async with self._slots:
            await self._follower.receive(stream, customer_id, received)

    def _by_customer(self, batch: Batch) -> dict[tuple[str, str], list[Received]]:
        customers: defaultdict[tuple[str, str], list[Received]] = defaultdict(list)
        for records in batch.values():
            for record in records:
                headers = [(name, value or b"") for name, value in record.headers]
                try:
                    event = self._streams[record.topic].parse(record.value or b"")
                    customers[record.topic, header_of(event).customer_id].append(Received(event, headers))
                except Unreadable:
                    # Its customer, if it names one, is brought up to date by the owner instead.
                    log.exception("record_unreadable", topic=record.topic, offset=record.offset)
                    if record.key:
                        customers[record.topic, record.key.decode("ascii", "replace")].append(Received(None, headers))
        return customers
