"""Following one customer's events of one area: in order, each once where nothing fails, without a gap.

A reader keeps what it did under ids made from the event's, so that an event handled twice, here or by another replica
at the same time, has no more effect than once. Its cursor is written after the effects.

What is not the next event is settled with the owner: a gap, an epoch that the cursor does not know, bytes that cannot
be read. A failure parks this customer's stream of this area, with its reason on the cursor, and nobody else's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from google.protobuf.message import Message
from grpc.aio import AioRpcError
from opentelemetry.trace import Tracer

from libs.clock import Clock
from libs.errors import CUSTOMER_ERASED, OmnithreadError, is_passing
from libs.events.metrics import StreamMetrics
from libs.events.pauses import growing_pause
from libs.events.spans import RecordHeaders, handling
from libs.events.streams import OwnerAway, Stream, header_of
from libs.mongo.cursors import Cursor, Cursors
from libs.mongo.deadline import Deadline
from libs.mongo.locks import KeyLocks
from libs.mongo.shapes import cursor_key
from libs.rpc.status import error_from_rpc
from libs.telemetry.scrub import type_name
from libs.timestamps import from_timestamp

HANDLE_SECONDS = 30.0
LOCK_SECONDS = 300.0
FIRST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE_WHILE_AWAY = timedelta(seconds=5)
"""For what fails only because somebody does not answer, or has too much to do."""
MOST_RETIRED_EPOCHS = 100

Handle = Callable[[str, Message], Awaitable[None]]

log = structlog.get_logger(__name__)


class HeadOutOfReach(Exception):
    """The owner gave no events, though its head is beyond the last one read."""


@dataclass(frozen=True, slots=True)
class Received:
    """One record from Kafka."""

    event: Message | None
    """None where it could not be read."""
    headers: RecordHeaders
    place: tuple[int, int] | None = None
    """Its partition and offset."""


class Follower:
    """Brings customers' streams forward, one at a time for each area and customer of this process."""

    def __init__(
        self,
        *,
        cursors: Cursors,
        handle: Handle,
        group: str,
        clock: Clock,
        metrics: Mapping[str, StreamMetrics],
        tracer: Tracer | None,
    ) -> None:
        self._cursors = cursors
        self._handle = handle
        self._group = group
        self._clock = clock
        self._metrics = metrics
        self._tracer = tracer
        self._locks = KeyLocks()
        self._retired: set[tuple[str, str]] = set()

    async def receive(self, stream: Stream, customer_id: str, received: Sequence[Received]) -> None:
        """Handle what Kafka brought of one customer, in its order.

        What fails is parked; raises only where that could not be noted, and then all of it may be given again.
        """
        async with self._hold(stream, customer_id):
            cursor = await self._cursors.get(stream.area, customer_id)
            if cursor.is_parked(self._clock()):
                return  # when its time comes, the owner gives what is passed over here
            walk = _Walk(cursor)
            try:
                for one in received:
                    await self._take(stream, walk, one)
            except Exception as error:  # noqa: BLE001  whatever it is, it is this customer's and is written down
                await self._park(walk, error)
            else:
                await self._save(walk)

    async def follow_up(self, stream: Stream, customer_id: str) -> Cursor:
        """Handle all that the owner has beyond the cursor, and give the cursor then.

        Raises OwnerAway, and a stream that was parked stays so; whatever else fails is parked.
        """
        async with self._hold(stream, customer_id):
            walk = _Walk(await self._cursors.get(stream.area, customer_id))
            was_parked = walk.cursor.retry_time is not None
            try:
                await self._follow_owner(stream, walk)
            except OwnerAway as error:
                await (self._park(walk, error) if was_parked else self._save(walk))
                raise
            except Exception as error:  # noqa: BLE001  as above
                await self._park(walk, error)
            else:
                await self._save(walk, unpark=True)
            return walk.cursor

    async def _take(self, stream: Stream, walk: "_Walk", one: Received) -> None:
        if one.event is None:
            await self._follow_owner(stream, walk)
            return
        header = header_of(one.event)
        if (stream.area, header.epoch) in self._retired:
            return
        is_fresh = not walk.epoch
        if header.epoch == walk.epoch or is_fresh:
            if header.seq <= walk.seq:
                return
            if header.seq == walk.seq + 1:
                await self._handle_one(stream, one.event, one)
                walk.epoch, walk.seq = header.epoch, header.seq
                return
        await self._follow_owner(stream, walk)
        if header.epoch != walk.epoch:
            self._retire(stream, header.epoch)

    async def _follow_owner(self, stream: Stream, walk: "_Walk") -> None:
        while True:
            page = await stream.replay(walk.customer_id, walk.seq)
            if page.head.epoch != walk.epoch:
                starts_over = walk.seq > 0
                if starts_over:
                    log.info("new_epoch", area=stream.area, customer_id=walk.customer_id, epoch=page.head.epoch)
                    self._retire(stream, walk.epoch)
                self._retired.discard((stream.area, page.head.epoch))
                walk.epoch, walk.seq = page.head.epoch, 0
                if starts_over:
                    continue
            for event in page.events:
                await self._handle_one(stream, event, Received(event, []))
                self._metrics[stream.area].replayed.inc()
                walk.seq = header_of(event).seq
            if walk.seq >= page.head.seq:
                return
            if not page.events:
                raise HeadOutOfReach(f"no events from {walk.seq + 1} to {page.head.seq}")
            await self._save(walk)

    async def _handle_one(self, stream: Stream, event: Message, received: Received) -> None:
        header = header_of(event)
        with handling(
            topic=stream.topic,
            group=self._group,
            header=header,
            headers=received.headers,
            place=received.place,
            now=self._clock(),
            tracer=self._tracer,
        ):
            try:
                async with asyncio.timeout(HANDLE_SECONDS):
                    await self._handle(stream.area, event)
            except OmnithreadError as error:
                if error.reason != CUSTOMER_ERASED:
                    raise
                # Forgotten meanwhile: whatever it says has no effect any more.
                log.info("event_of_erased_customer", area=stream.area, customer_id=header.customer_id)
            delay_seconds = (self._clock() - from_timestamp(header.record_time)).total_seconds()
            metrics = self._metrics[stream.area]
            metrics.delay_seconds.observe(delay_seconds, metrics.exemplars.of(delay_seconds))

    async def _save(self, walk: "_Walk", *, unpark: bool = False) -> None:
        if walk.has_moved or (unpark and walk.cursor.retry_time):
            await self._cursors.advance(walk.cursor, epoch=walk.epoch, seq=walk.seq, now=self._clock())
            walk.moved()

    async def _park(self, walk: "_Walk", error: Exception) -> None:
        now = self._clock()
        attempts = walk.cursor.parked_attempts + 1
        pause = pause_after(error, attempts=attempts)
        self._metrics[walk.cursor.area].failures.inc()
        log.warning(
            "stream_parked",
            area=walk.cursor.area,
            customer_id=walk.customer_id,
            after_seq=walk.seq,
            attempts=attempts,
            exc_info=error,
        )
        await self._cursors.park(
            walk.cursor, epoch=walk.epoch, seq=walk.seq, reason=_reason(error), retry_time=now + pause, now=now
        )
        walk.moved(parked_reason=_reason(error), parked_attempts=attempts, retry_time=now + pause)

    def _retire(self, stream: Stream, epoch: str) -> None:
        if len(self._retired) >= MOST_RETIRED_EPOCHS:
            self._retired.clear()  # each would be found out again
        self._retired.add((stream.area, epoch))

    def _hold(self, stream: Stream, customer_id: str) -> AbstractAsyncContextManager[None]:
        return self._locks.hold(cursor_key(stream.area, customer_id), Deadline(at_most_seconds=LOCK_SECONDS))


class _Walk:
    """From a cursor as it was read to where the stream has been handled by now."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.epoch = cursor.epoch
        self.seq = cursor.seq

    @property
    def customer_id(self) -> str:
        return self.cursor.customer_id

    @property
    def has_moved(self) -> bool:
        return (self.epoch, self.seq) != (self.cursor.epoch, self.cursor.seq)

    def moved(self, *, parked_reason: str = "", parked_attempts: int = 0, retry_time: datetime | None = None) -> None:
        """Note that the cursor was written."""
        self.cursor = replace(
            self.cursor,
            epoch=self.epoch,
            seq=self.seq,
            parked_reason=parked_reason,
            parked_attempts=parked_attempts,
            retry_time=retry_time,
        )


def pause_after(error: Exception, *, attempts: int) -> timedelta:
    """Give the pause before a stream is tried again that failed so often; a short one where it fails for everybody."""
    most = LONGEST_PAUSE_WHILE_AWAY if _is_away(error) else LONGEST_PAUSE
    return growing_pause(attempts, first=FIRST_PAUSE, most=most)


def _is_away(error: Exception) -> bool:
    if isinstance(error, AioRpcError):
        error = error_from_rpc(error)
    if isinstance(error, OmnithreadError):
        return is_passing(error)
    return isinstance(error, OwnerAway | TimeoutError)


def _reason(error: Exception) -> str:
    return f"{type_name(error)} {error.reason}" if isinstance(error, OmnithreadError) else type_name(error)
