"""The relay: what the records announce reaches `events`, the collections of list members, and Kafka.

At once in the process that wrote it (in an overload within about two seconds), and once a second by an index for what a
crash left behind.
Every replica relays, without a leader: each step may be repeated, and repeating it changes nothing.
To save work one replica at a time looks for what was left behind; when it falls silent for 3 s, another does.
For what was left in records and for what is not on Kafka that may be two: who does not reach Kafka leaves it to others.

Records are emptied whether Kafka answers or not, so that they stay small; publishing goes on by itself.
A record that MongoDB refuses to relay holds up nobody else: it is tried again after growing pauses, and after
`TRIES_BEFORE_PARKED` it counts as parked, with the reason on the record and the longest pause.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import structlog
from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.clock import Clock
from libs.events.kafka import KafkaAccess
from libs.events.metrics import RelayMetrics
from libs.events.pauses import growing_pause
from libs.events.publisher import HELD_FOR, Publisher
from libs.events.waiting import Waiting
from libs.ids import new_id
from libs.mongo.relay_store import RelayStore, Unrelayed, WriteRefused

MOST_CUSTOMERS = 100
"""Relayed together: at most so many records of 256 KB are in memory."""
MOST_SWEPT = 1000
SWEEP_SECONDS = 1.0
SWEEP_HELD_FOR = timedelta(seconds=3)
LEFT_BEHIND_AFTER = timedelta(seconds=1)
"""Younger entries are being relayed by the process that wrote them."""
TRIES_BEFORE_PARKED = 5
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
MONGO_PAUSE_SECONDS = 1.0
MEASURE_SECONDS = 10.0
MOST_COUNTED = 10_000

log = structlog.get_logger(__name__)


async def no_overload() -> None:
    """Wait for nothing."""


class Relay:
    """One service's relay in one process.

    `calm` waits while the process has more calls than it can answer, for two seconds at most: then more events of the
    same customers are relayed at once, here and wherever they are read, which costs a good deal less for each.
    """

    def __init__(
        self,
        *,
        store: RelayStore,
        kafka: KafkaAccess,
        topic: str,
        clock: Clock,
        metrics: RelayMetrics | None = None,
        calm: Callable[[], Awaitable[None]] = no_overload,
        tracer: Tracer | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._calm = calm
        self._holder = new_id("rly")
        self._dirty = Waiting()
        self._mine: dict[str, datetime] = {}
        """Until when what is ours to look for."""
        self._metrics = metrics or RelayMetrics(CollectorRegistry())
        self._publisher = Publisher(
            store=store,
            holder=self._holder,
            kafka=kafka,
            topic=topic,
            clock=clock,
            metrics=self._metrics,
            tracer=tracer,
        )

    def nudge(self, customer_id: str) -> None:
        """Say that a record was written. Costs nothing and never fails: what is not taken up now, the sweep finds."""
        self._dirty.add([customer_id])

    async def run(self) -> None:
        """Relay until cancelled. No failure ends it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._empty_records(), name="relay-records")
            tasks.create_task(self._publisher.run(), name="relay-publisher")
            tasks.create_task(self._sweep(), name="relay-sweep")
            tasks.create_task(self._measure(), name="relay-measure")

    async def flush(self, timeout_seconds: float) -> bool:
        """Wait until all that is known here is on Kafka, while `run` is running; False where time did not suffice.

        Nothing is lost then: it waits in the database for the next replica.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._dirty.all_done()
                await self._publisher.all_done()
        except TimeoutError:
            return False
        return True

    async def _empty_records(self) -> None:
        while True:
            await self._calm()
            customer_ids = await self._dirty.take(MOST_CUSTOMERS)
            try:
                await self._relay(customer_ids)
            except Exception as error:  # MongoDB is away, or an error of ours: all of them are tried again
                log.warning("relaying_failed", customers=len(customer_ids), exc_info=error)
                self._dirty.add(customer_ids)
                await asyncio.sleep(MONGO_PAUSE_SECONDS)

    async def _relay(self, customer_ids: Sequence[str]) -> None:
        now = self._clock()
        records = [record for record in await self._store.load(customer_ids) if record.entries]
        due = [record for record in records if record.retry_time is None or record.retry_time <= now]
        kept = await self._keep(due)
        self._publisher.add(record.customer_id for record in kept)
        await self._store.pull(kept)

    async def _keep(self, records: Sequence[Unrelayed]) -> Sequence[Unrelayed]:
        """Keep events and members of these records, and give those where that went well."""
        if not records:
            return ()
        try:
            await self._store.keep_events(records, now=self._clock(), by=self._holder)
            await self._store.keep_members(records)
        except WriteRefused as refusal:
            if len(records) > 1:  # one of them is refused: each by itself tells which
                return [kept for record in records for kept in await self._keep([record])]
            await self._note_refusal(records[0], refusal)
            return ()
        return records

    async def _note_refusal(self, record: Unrelayed, refusal: WriteRefused) -> None:
        now = self._clock()
        attempts = record.attempts + 1
        parked_since = record.parked_since or (now if attempts >= TRIES_BEFORE_PARKED else None)
        self._metrics.refused.inc()
        log.error("record_refused", customer_id=record.customer_id, attempts=attempts, reason=str(refusal))
        await self._store.note_failure(
            record.customer_id,
            attempts=attempts,
            reason=str(refusal),
            retry_time=now + growing_pause(attempts, first=FIRST_PAUSE, most=LONGEST_PAUSE),
            parked_since=parked_since,
        )

    async def _measure(self) -> None:
        """Look how much waits, for the gauges: two counts and two reads of one document, all of them by an index."""
        while True:
            try:
                backlog = await self._store.backlog(limit=MOST_COUNTED)
            except Exception as error:  # MongoDB is away
                log.warning("relay_not_measured", exc_info=error)
            else:
                self._metrics.unrelayed.set(backlog.records)
                self._metrics.unpublished.set(backlog.events)
                age = self._clock() - backlog.oldest_time if backlog.oldest_time else timedelta()
                self._metrics.oldest_seconds.set(max(0.0, age.total_seconds()))
            await asyncio.sleep(MEASURE_SECONDS)

    async def _sweep(self) -> None:
        while True:
            try:
                await self._look_for_what_was_left_behind(self._clock())
            except Exception as error:  # MongoDB is away
                log.warning("relay_sweep_failed", exc_info=error)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _look_for_what_was_left_behind(self, now: datetime) -> None:
        if await self._is_mine("records", now):
            self._dirty.add(await self._store.left_behind(before=now - LEFT_BEHIND_AFTER, now=now, limit=MOST_SWEPT))
        if not self._publisher.is_away and await self._is_mine("events", now):
            self._publisher.add(await self._store.unpublished(before=now - HELD_FOR, limit=MOST_SWEPT))

    async def _is_mine(self, what: str, now: datetime) -> bool:
        claimed = self._mine.get(what, now) - SWEEP_HELD_FOR
        if claimed <= now < claimed + SWEEP_HELD_FOR / 2:
            return True  # asked again when half of the time is over: soon enough, and not each time
        until = now + SWEEP_HELD_FOR
        was_mine = what in self._mine
        is_mine = await self._store.claim_sweep(what, self._holder, now=now, until=until, was_mine=was_mine)
        if is_mine:
            self._mine[what] = until
        else:
            self._mine.pop(what, None)
        return is_mine
