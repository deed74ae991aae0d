"""Publishing what is pending: from `events` to Kafka, each customer's in order."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby, takewhile

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidMessageError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
)
from opentelemetry.trace import Tracer

from libs.clock import Clock
from libs.events.kafka import KafkaAccess, close_producer, new_producer, start, trouble
from libs.events.metrics import RelayMetrics
from libs.events.pauses import WHILE_KAFKA_IS_AWAY, growing_pause
from libs.events.spans import at_place, start_announcing
from libs.events.waiting import Waiting
from libs.mongo.relay_store import PendingEvent, RelayStore
from libs.telemetry.causes import put_failure
from libs.telemetry.journey import JourneyLabels
from libs.telemetry.scrub import type_name

MOST_CUSTOMERS = 200
MOST_EVENTS = 500
SEND_SECONDS = 5.0
"""What Kafka may take for one event; after it, Kafka counts as away and the rest stays pending."""
STALE_SECONDS = 1.0
"""What was read longer ago is read again before it is published: a process that was frozen, or has much to do, would
else publish what other replicas have published meanwhile."""
HELD_FOR = timedelta(seconds=2)
"""For so long an event is left to the relay that took it out of its record; then any other publishes it."""
HELD_PAUSE_SECONDS = 0.025
FIRST_PAUSE = timedelta(milliseconds=200)
POSTPONED_FOR = timedelta(minutes=1)
REFUSED_EVENT = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidMessageError, InvalidTimestampError)
"""What Kafka has against one event and not against all."""

log = structlog.get_logger(__name__)


class Publisher:
    """Publishes each waiting customer's whole pending prefix, and stops a customer at its first failure.

    What another replica has just taken up is left to it, and what follows waits, so that little is published twice.
    It may happen all the same: the order of each customer holds, and readers drop what they have.
    """

    def __init__(
        self,
        *,
        store: RelayStore,
        holder: str,
        kafka: KafkaAccess,
        topic: str,
        clock: Clock,
        metrics: RelayMetrics,
        tracer: Tracer | None,
    ) -> None:
        self._store = store
        self._holder = holder
        self._kafka = kafka
        self._topic = topic
        self._clock = clock
        self._metrics = metrics
        self._tracer = tracer
        self._waiting = Waiting()
        self._producer: AIOKafkaProducer | None = None
        self._failures = 0

    @property
    def is_away(self) -> bool:
        """Whether the last try failed, so that more work would only wait."""
        return self._failures > 0

    def add(self, customer_ids: Iterable[str]) -> None:
        """Say that customers have events pending."""
        self._waiting.add(customer_ids)

    async def all_done(self) -> None:
        """Wait until all that was added is published."""
        await self._waiting.all_done()

    async def run(self) -> None:
        """Publish until cancelled. Failures are logged and tried again after growing pauses."""
        try:
            while True:
                customer_ids = await self._waiting.take(MOST_CUSTOMERS)
                try:
                    await self._publish(customer_ids)
                except Exception as error:  # noqa: BLE001  logged, and tried again
                    self._failures += 1
                    self._metrics.publish_failures.inc()
                    pause = growing_pause(self._failures, first=FIRST_PAUSE, most=WHILE_KAFKA_IS_AWAY)
                    log.warning("publishing_failed", topic=self._topic, failures=self._failures, **trouble(error))
                    self._waiting.add(customer_ids)
                    await self._drop_producer()
                    await asyncio.sleep(pause.total_seconds())
                else:
                    self._failures = 0
        finally:
            await self._drop_producer()

    async def _publish(self, customer_ids: Sequence[str]) -> None:
        producer = await self._started_producer()  # first, since it may take long
        clock = asyncio.get_running_loop().time
        read_at = clock()
        events = await self._store.pending(customer_ids, limit=MOST_EVENTS)
        if clock() > read_at + STALE_SECONDS:  # once more, and then whatever it took, so that some are always published
            events = await self._store.pending(customer_ids, limit=MOST_EVENTS)
        tries, behind_others = self._ours_of(events, stale_at=clock() + STALE_SECONDS)
        again = customer_ids if len(events) == MOST_EVENTS else behind_others  # there may be more of any, or is of some
        if again and not tries:
            await asyncio.sleep(HELD_PAUSE_SECONDS)
        try:
            await asyncio.gather(*(self._publish_in_order(producer, one) for one in tries))
        finally:
            # What Kafka has is marked whatever happened to the rest.
            published = {one.customer_id: (one.first, one.last) for one in tries if one.last}
            await self._store.mark_published(published, now=self._clock())
        refused = await self._look_at_failures(tries)
        self._waiting.add(customer_id for customer_id in again if customer_id not in refused)

    def _ours_of(self, events: Sequence[PendingEvent], *, stale_at: float) -> tuple[list["_Try"], list[str]]:
        """Give what is ours to publish now, and customers of whom something is ours, but after another relay's."""
        tries: list[_Try] = []
        behind_others: list[str] = []
        now = self._clock()
        for customer_id, found in groupby(events, key=lambda event: event.customer_id):
            theirs = list(found)
            ours = list(takewhile(lambda event: not self._is_held(event, now), theirs))
            if ours:
                tries.append(_Try(ours, stale_at=stale_at))
            if any(event.pending_by == self._holder for event in theirs[len(ours) :]):
                behind_others.append(customer_id)
        return tries, behind_others

    def _is_held(self, event: PendingEvent, now: datetime) -> bool:
        """Say whether another relay has just taken it up; by a clock that is far ahead nothing is held."""
        return event.pending_by not in ("", self._holder) and abs(now - event.pending_since) < HELD_FOR

    async def _publish_in_order(self, producer: AIOKafkaProducer, one: "_Try") -> None:
        for event in one.events:
            if asyncio.get_running_loop().time() > one.stale_at:
                self._waiting.add([one.customer_id])
                return
            try:
                await self._send(producer, event)
            except Exception as error:  # noqa: BLE001  kept, and looked at with those of all customers
                one.error = error
                return
            one.last = event.seq

    async def _send(self, producer: AIOKafkaProducer, event: PendingEvent) -> None:
        labels = JourneyLabels(
            journey_id=event.journey_id,
            session_id=event.session_id,
            channel_id=event.channel_id,
            customer_id=event.customer_id,
        )
        span, headers = start_announcing(
            topic=self._topic,
            event_id=event.event_id,
            traceparent=event.traceparent,
            labels=labels,
            age=self._clock() - event.record_time,
            tracer=self._tracer,
        )
        try:
            key = event.customer_id.encode()
            async with asyncio.timeout(SEND_SECONDS):
                sent = await (await producer.send(self._topic, event.event, key=key, headers=headers))
            span.set_attributes(at_place(sent.partition, sent.offset))
        except Exception as error:
            put_failure(span, error)
            raise
        finally:
            span.end()
        delay_seconds = (self._clock() - event.record_time).total_seconds()
        exemplar = self._metrics.exemplars.of(delay_seconds, span.get_span_context())
        self._metrics.delay_seconds.observe(delay_seconds, exemplar)

    async def _look_at_failures(self, tries: Sequence["_Try"]) -> set[str]:
        """Let customers whose event is refused wait by themselves, and name them; raise what concerns all."""
        refused: set[str] = set()
        others: Exception | None = None
        for one in tries:
            if isinstance(one.error, REFUSED_EVENT):
                self._metrics.refused.inc()
                reason = type_name(one.error)
                log.error("event_refused", topic=self._topic, customer_id=one.customer_id, reason=reason)
                await self._store.postpone(one.customer_id, until=self._clock() + POSTPONED_FOR, reason=reason)
                refused.add(one.customer_id)
            else:
                others = others or one.error
        if refused:
            await self._drop_producer()  # it has numbered what the broker did not take
        if others is not None:
            raise others
        return refused

    async def _started_producer(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = new_producer(self._kafka)
            try:
                await start(producer, seconds=SEND_SECONDS)
            except BaseException:
                await close_producer(producer)
                raise
            self._producer = producer
        return self._producer

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await close_producer(producer)


class _Try:
    """One customer's pending events, and how far they came."""

    def __init__(self, events: Sequence[PendingEvent], *, stale_at: float) -> None:
        self.events = events
        self.stale_at = stale_at
        """By the clock of the event loop."""
        self.customer_id = events[0].customer_id
        self.first = events[0].seq
        self.last = 0
        self.error: Exception | None = None
