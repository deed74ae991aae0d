"""Hearing of every event as it is announced, on all partitions, without keeping a place: to wake those who wait.

For what may be missed: whoever listens reads the owner's state anyway, and is told when something may have passed by.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from google.protobuf.message import Message

from libs.events.kafka import KafkaAccess, close_consumer, new_tail_consumer, trouble
from libs.events.pauses import growing_pause
from libs.events.polling import next_batch
from libs.events.streams import Stream, Unreadable

FIRST_PAUSE = timedelta(milliseconds=500)
LONGEST_PAUSE = timedelta(seconds=10)

log = structlog.get_logger(__name__)


class EventTail:
    """Calls `on_event(area, event)` for what is announced from now on, at least once and in order per customer.

    Calls `on_gap()` at the start and whenever Kafka was away: what was announced meanwhile may not have been heard.
    Neither may raise or block. A broker that comes back empty is followed from its first record.
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
                await consumer.start()
                await consumer.seek_to_end()
                self._on_gap()
                while True:
                    batch = await next_batch(consumer, idle_pause_seconds=self._kafka.idle_pause_seconds)
                    failures = 0
                    for partition, records in batch.items():
                        for record in records:
                            self._tell(self._streams[partition.topic], record.value or b"")
            except Exception as error:  # noqa: BLE001  logged, and tried again
                failures += 1
                log.warning("tail_failed", failures=failures, **trouble(error))
            finally:
                await close_consumer(consumer)
            pause = growing_pause(failures, first=FIRST_PAUSE, most=LONGEST_PAUSE)
            await asyncio.sleep(pause.total_seconds())

    def _tell(self, stream: Stream, data: bytes) -> None:
        try:
            event = stream.parse(data)
        except Unreadable:
            self._on_gap()
        else:
            self._on_event(stream.area, event)
