"""Taking records from Kafka as a member of a group, batch after batch."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import CommitFailedError, IllegalStateError
from opentelemetry.trace import Tracer

from libs.clock import Clock
from libs.events.follower import Follower, Received
from libs.events.kafka import KafkaAccess, close_consumer, new_group_consumer, start, trouble
from libs.events.lag import Lag
from libs.events.metrics import StreamMetrics
from libs.events.pauses import WHILE_KAFKA_IS_AWAY, growing_pause
from libs.events.polling import Batch, next_batch
from libs.events.spans import RecordHeaders, of_customer, taking
from libs.events.streams import Stream, Unreadable, header_of
from libs.telemetry.scrub import type_name
from libs.timestamps import from_timestamp

FIRST_PAUSE = timedelta(milliseconds=500)
BATCH_PAUSE_SECONDS = 1.0
LOOK_SECONDS = 1.0

Key: TypeAlias = tuple[str, str]
"""Topic and customer."""
ByCustomer: TypeAlias = Mapping[Key, Sequence[Received]]

log = structlog.get_logger(__name__)


class Intake:
    """Offsets are committed after the effects of their records are saved; the cursors, not offsets, decide what is new.

    While Kafka is away it tries again after growing pauses; the comparison of heads carries on without it.
    """

    def __init__(
        self,
        *,
        kafka: KafkaAccess,
        group: str,
        streams: Sequence[Stream],
        follower: Follower,
        slots: asyncio.Semaphore,
        metrics: Mapping[str, StreamMetrics],
        clock: Clock,
        tracer: Tracer | None = None,
    ) -> None:
        self._kafka = kafka
        self._group = group
        self._streams = {stream.topic: stream for stream in streams}
        self._follower = follower
        self._slots = slots
        self._metrics = {stream.topic: metrics[stream.area] for stream in streams}
        self._lags = {topic: Lag(one.lag_seconds, clock) for topic, one in self._metrics.items()}
        self._look_at = 0.0
        self._tracer = tracer

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
            pause = growing_pause(failures, first=FIRST_PAUSE, most=WHILE_KAFKA_IS_AWAY)
            await asyncio.sleep(pause.total_seconds())

    async def _take_batch(self, consumer: AIOKafkaConsumer) -> None:
        batch = await next_batch(consumer, idle_pause_seconds=self._kafka.idle_pause_seconds)
        await self._note_distance(consumer)
        if not batch:
            return
        records = [(one.topic, record_headers(one)) for taken in batch.values() for one in taken]
        with taking(group=self._group, records=records, tracer=self._tracer):
            await self._take_over(consumer, batch)

    async def _take_over(self, consumer: AIOKafkaConsumer, batch: Batch) -> None:
        customers = self._by_customer(batch)
        with self._held(customers) as held:
            await self._give(customers, held)
        try:
            await consumer.commit({partition: records[-1].offset + 1 for partition, records in batch.items()})
        except (CommitFailedError, IllegalStateError) as error:  # the partitions are another member's by now
            log.info("commit_superseded", group=self._group, error=type_name(error))

    async def _give(self, customers: ByCustomer, held: Mapping[Key, object]) -> None:
        while customers:
            try:
                async with asyncio.TaskGroup() as tasks:
                    for key, received in customers.items():
                        topic, customer_id = key
                        tasks.create_task(self._receive(self._streams[topic], customer_id, received, held[key]))
                break
            except ExceptionGroup as errors:  # our own database is away: not even a parked stream could be noted
                log.warning("batch_failed", group=self._group, exc_info=errors.exceptions[0])
                await asyncio.sleep(BATCH_PAUSE_SECONDS)

    async def _receive(self, stream: Stream, customer_id: str, received: Sequence[Received], holding: object) -> None:
        with of_customer(customer_id, received[-1].headers):
            async with self._slots:
                await self._follower.receive(stream, customer_id, received)
        self._lags[stream.topic].leave(holding)

    @contextmanager
    def _held(self, customers: ByCustomer) -> Iterator[dict[Key, object]]:
        """Let the lags know of these customers' events while inside."""
        held = {key: self._lags[key[0]].hold(_commit_times(received)) for key, received in customers.items()}
        try:
            yield held
        finally:
            for (topic, _), holding in held.items():
                self._lags[topic].leave(holding)

    async def _note_distance(self, consumer: AIOKafkaConsumer) -> None:
        """Note how many records Kafka has beyond those that were fetched: once a second, from what the driver knows."""
        now = asyncio.get_running_loop().time()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        behind = dict.fromkeys(self._metrics, 0)
        for partition in consumer.assignment():
            high = consumer.highwater(partition)
            if high is not None and partition.topic in behind:  # without one, nothing was fetched of it yet
                behind[partition.topic] += max(0, high - await consumer.position(partition))
        for topic, count in behind.items():
            self._metrics[topic].records_behind.set(count)

    def _by_customer(self, batch: Batch) -> ByCustomer:
        customers: defaultdict[Key, list[Received]] = defaultdict(list)
        for records in batch.values():
            for record in records:
                headers, place = record_headers(record), (record.partition, record.offset)
                try:
                    event = self._streams[record.topic].parse(record.value or b"")
                    customers[record.topic, header_of(event).customer_id].append(Received(event, headers, place))
                except Unreadable:
                    # Its customer, if it names one, is brought up to date by the owner instead.
                    log.exception("record_unreadable", topic=record.topic, offset=record.offset)
                    if record.key:
                        customers[record.topic, record.key.decode("ascii", "replace")].append(Received(None, headers))
        return customers


def _commit_times(received: Sequence[Received]) -> list[datetime]:
    return [from_timestamp(header_of(one.event).record_time) for one in received if one.event is not None]


def record_headers(record: "ConsumerRecord[bytes, bytes]") -> RecordHeaders:
    """Give a record's headers; one without a value has an empty one."""
    return [(name, value or b"") for name, value in record.headers]
