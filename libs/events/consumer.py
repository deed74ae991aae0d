"""What a service runs to hear of everything that other areas announce.

Kafka brings events quickly. Completeness comes from the owners: every few seconds their heads are compared with this
service's cursors, and what is behind is replayed. Without Kafka it is only slower.
"""

import asyncio
from collections.abc import Sequence

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.events.flights import Flights, TooManyFlights
from libs.events.follower import Follower, Handle
from libs.events.heads_sweep import GRACE_SECONDS, SWEEP_SECONDS, HeadsSweep
from libs.events.intake import Intake
from libs.events.kafka import KafkaAccess
from libs.events.metrics import ReaderMetrics
from libs.events.parked import ParkedRetries
from libs.events.streams import OwnerAway, Stream
from libs.mongo.cursors import Cursor, Cursors
from omnithread.common.v1 import event_pb2

PARALLELISM = 16
MOST_CATCH_UPS = 200
CATCH_UP_SECONDS = 30.0
"""What one catching up may take, though whoever asked for it waits less long."""
CATCH_UP_TRIES = 3


class EventConsumer:
    """Gives `handle(area, event)` every event of some areas: in order per area and customer, at least once.

    `handle` may be given an event twice, and by two replicas at once: it keeps its effects under ids made from the
    event's. When it raises, or takes over 30 s, that customer's stream of that area is parked and tried again after
    1 s, 2 s, ... 5 min (at most 5 s where the failure says nothing of this customer); all others go on.
    Nothing is promised about the order between areas or customers.
    At most 16 customers are handled at a time, and beside them at most 200 that a caller waits for.
    """

    def __init__(
        self,
        *,
        cursors: Cursors,
        kafka: KafkaAccess,
        group: str,
        streams: Sequence[Stream],
        handle: Handle,
        clock: Clock,
        metrics: ReaderMetrics | None = None,
        tracer: Tracer | None = None,
        sweep_seconds: float = SWEEP_SECONDS,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        slots = asyncio.Semaphore(PARALLELISM)
        counting = metrics or ReaderMetrics(CollectorRegistry())
        reader = group.rpartition(".")[2]  # the installation's prefix says nothing here
        by_area = {stream.area: counting.of(reader, stream.area) for stream in streams}
        self._cursors = cursors
        self._clock = clock
        self._streams = {stream.area: stream for stream in streams}
        self._follower = Follower(
            cursors=cursors,
            handle=handle,
            group=group,
            clock=clock,
            metrics=by_area,
            tracer=tracer,
        )
        self._intake = Intake(
            kafka=kafka,
            group=group,
            streams=streams,
            follower=self._follower,
            slots=slots,
            metrics=by_area,
            clock=clock,
            tracer=tracer,
        )
        self._sweeps = [
            HeadsSweep(
                stream=stream,
                cursors=cursors,
                follower=self._follower,
                slots=slots,
                clock=clock,
                metrics=by_area[stream.area],
                every_seconds=sweep_seconds,
                grace_seconds=grace_seconds,
            )
            for stream in streams
        ]
        self._retries = ParkedRetries(
            streams=self._streams,
            cursors=cursors,
            follower=self._follower,
            slots=slots,
            clock=clock,
            metrics=by_area,
        )
        self._flights: Flights[tuple[str, str], Cursor] = Flights(most=MOST_CATCH_UPS, timeout_seconds=CATCH_UP_SECONDS)

    async def run(self) -> None:
        """Listen until cancelled. No failure ends it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._intake.run(), name="intake")
                tasks.create_task(self._retries.run(), name="parked-retries")
                for sweep in self._sweeps:
                    tasks.create_task(sweep.run(), name="heads-sweep")
        finally:
            await self._flights.close()

    async def catch_up(
        self, area: str, customer_id: str, to_seq: int, *, timeout_seconds: float, epoch: str = ""
    ) -> int:
        """Handle a customer's events up to `to_seq` now, and give how many are still missing when the time is over.

        With the owner's `epoch`, all count as missing while only those of another epoch were handled.
        Never raises for what fails on the way, and does not try what is parked. Callers for the same customer share
        the work, which goes on when they leave. Costs one read where nothing is missing.
        """
        stream = self._streams[area]
        missing = to_seq
        try:
            async with asyncio.timeout(timeout_seconds):
                cursor = await self._cursors.get(area, customer_id)
                for _ in range(CATCH_UP_TRIES):
                    missing = _missing(cursor, to_seq, epoch)
                    if not missing or cursor.is_parked(self._clock()):
                        break
                    # What was under way already may have looked at the owner too early for `to_seq`.
                    cursor = await self._flights.join(
                        (area, customer_id), lambda: self._follower.follow_up(stream, customer_id)
                    )
                    missing = _missing(cursor, to_seq, epoch)
        except (TimeoutError, OwnerAway, TooManyFlights, OmnithreadError):
            pass  # the answer says what is missing
        return missing

    async def positions(self, customer_id: str) -> dict[str, event_pb2.Head]:
        """Give how far a customer's events were handled, by area; areas of which there were none are left out."""
        cursors = await self._cursors.get_many([(area, customer_id) for area in self._streams])
        return {
            area: event_pb2.Head(epoch=cursor.epoch, seq=cursor.seq)
            for (area, _), cursor in cursors.items()
            if cursor.epoch
        }


def _missing(cursor: Cursor, to_seq: int, epoch: str) -> int:
    if epoch and cursor.epoch != epoch:
        return to_seq
    return max(0, to_seq - cursor.seq)
