"""Reads for those who watch: once per change for all who watch the same, and for nobody else.

A group has at most one read under way and one more wanted, whatever happens to its customer, and reads of a group
begin a tenth of a second apart: of hundreds of changes a second, a watcher sees some ten states.
What no event tells is looked at again: what is missing after growing pauses, everything now and then, and everybody,
spread over time, when events may have passed by unheard.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

import structlog
from google.protobuf.message import Message
from opentelemetry import context as otel_context
from opentelemetry.trace import Tracer

from libs.clock import Clock
from libs.errors import OmnithreadError, is_passing
from libs.events.pauses import growing_pause
from libs.events.streams import header_of
from libs.origin import Origin
from libs.rpc.call import CURRENT_CALL, current_call, origin_of
from libs.rpc.status import internal_error
from libs.telemetry.journey import LABELS, JourneyLabels
from libs.telemetry.propagation import NO_CONTEXT, current_traceparent
from libs.timestamps import from_timestamp
from omnithread.common.v1.event_pb2 import Head
from services.aggregator.budget import Budget
from services.aggregator.context import ContextRead
from services.aggregator.fact_changes import may_change_facts
from services.aggregator.watching.causes import reading_because
from services.aggregator.watching.metrics import WatchMetrics
from services.aggregator.watching.news import News
from services.aggregator.watching.seen import Seen
from services.aggregator.watching.watchers import MOST_CAUSES, Cause, Group, Watcher, Watchers

READS_AT_ONCE = 16
GAP_SECONDS = 0.1
TICK_SECONDS = 0.25
LOOKS_PER_TICK = 25
ECHO_SECONDS = 2.0
"""How long after a change of the profile, or an act on the journey, cart is asked again: offers follow from its copy of
these facts, without an event of their own."""
FIRST_PAUSE = timedelta(seconds=1)
FEW_WAIT = timedelta(seconds=2)
MANY_WAIT = timedelta(seconds=30)
"""The longest pauses before what fails is looked at again: one look finds out for all of them, so few need to wait
little, and many do not have to ask at once."""
TRIES_A_SECOND = 20
"""Of all that fails together, as far as the longest pauses allow."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patiently it is watched."""

    read_seconds: float
    """How long one read may take."""
    look_seconds: float
    """How often everything is looked at without a change."""


class Reads(Protocol):
    """What reads a context; `ContextReader` does."""

    async def read(
        self, customer_id: str, *, wanted: frozenset[int], origin: Origin, budget: Budget, is_asked_for: bool
    ) -> ContextRead:
        """Read it, as it is committed now."""
        ...


class Rounds:
    """Reads again, and tells the watchers."""

    def __init__(
        self,
        *,
        watchers: Watchers,
        reader: Reads,
        pace: Pace,
        metrics: WatchMetrics,
        clock: Clock,
        random: random.Random,
        tracer: Tracer | None = None,
    ) -> None:
        self._watchers = watchers
        self._reader = reader
        self._pace = pace
        self._metrics = metrics
        self._clock = clock
        self._random = random
        self._tracer = tracer
        self._slots = asyncio.Semaphore(READS_AT_ONCE)
        self._failing = 0
        """Groups whose last read was not complete, as of the last look."""
        self._tasks: set[asyncio.Task[None]] = set()

    def heard(self, area: str, event: Message) -> None:
        """Take in that something was announced."""
        header, changes_facts = header_of(event), may_change_facts(event)
        for group in self._watchers.of(header.customer_id):
            if changes_facts and group.subject.follows_facts:
                group.echo_at = _now() + ECHO_SECONDS
            if group.subject.concerns(area) and not group.holds(
                area, header.customer_id, Head(epoch=header.epoch, seq=header.seq)
            ):
                self.want(group, Cause(header.traceparent, from_timestamp(header.record_time)))

    def may_have_missed(self) -> None:
        """Look at everybody again: events may have passed by."""
        for group in self._watchers.groups():
            group.next_look = 0

    def want(self, group: Group, cause: Cause | None = None) -> None:
        """Let a group be read once more, soon."""
        if cause is not None and len(group.causes) < MOST_CAUSES:
            group.causes.append(cause)
        group.is_wanted = True
        if not group.is_reading:
            group.is_reading = True
            task = asyncio.create_task(self._keep_reading(group), name="watching")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Look at what is due, until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.look()

    def look(self) -> None:
        """Let those be read that are due, the longest waiting first, as many as can be without holding up others."""
        now, groups = _now(), self._watchers.groups()
        self._failing = sum(group.failures > 0 for group in groups)
        room = min(LOOKS_PER_TICK, 2 * READS_AT_ONCE - len(self._tasks))
        due = [group for group in groups if min(group.next_look, group.echo_at) <= now]
        for group in sorted(due, key=lambda group: min(group.next_look, group.echo_at))[: max(room, 0)]:
            group.echo_at = float("inf")
            group.next_look = now + self._pace.look_seconds
            self.want(group)

    async def stop(self) -> None:
        """End what is being read."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_reading(self, group: Group) -> None:
        try:
            while group.is_wanted and group.watchers:
                async with self._slots:
                    await self._read_for(group)
                await asyncio.sleep(GAP_SECONDS)
        finally:
            group.is_reading = False

    async def _read_for(self, group: Group) -> None:
        group.is_wanted = False
        causes, group.causes = group.causes, []
        group.round += 1
        watcher = _in_whose_name(group)
        if watcher is None:
            return
        self._metrics.reads.inc()
        try:
            read = await asyncio.create_task(self._read(group, causes), context=watcher.context.copy())
        except OmnithreadError as error:
            self._failed(group, error, causes)
        except Exception:
            log.exception("watched_context_not_read", customer_id=group.subject.customer_id)
            self._failed(group, internal_error(), causes, passing=True)
        else:
            self._tell(group, read, causes)

    async def _read(self, group: Group, causes: Sequence[Cause]) -> ContextRead:
        """Read in the name of the call whose context this runs in, which may be hours old."""
        call, customer_id = current_call(), group.subject.customer_id
        otel_context.attach(NO_CONTEXT)
        labels = LABELS.get()
        LABELS.set(
            JourneyLabels(
                # A look is nobody's act, and is not traced.
                journey_id=(group.journey_id or labels.journey_id) if causes else "",
                session_id=labels.session_id if causes else "",
                channel_id=labels.channel_id,
                customer_id=group.standing_id or customer_id,
            )
        )
        with reading_because(causes, now=self._clock(), tracer=self._tracer):
            call = replace(call, deadline=None, traceparent=current_traceparent())
            CURRENT_CALL.set(call)
            return await self._reader.read(
                customer_id,
                wanted=group.subject.wanted,
                origin=origin_of(call),
                budget=Budget(until=_now() + self._pace.read_seconds),
                is_asked_for=bool(causes),
            )

    def _tell(self, group: Group, read: ContextRead, causes: Sequence[Cause]) -> None:
        first = min((cause for cause in causes if cause.is_change), key=lambda cause: cause.time, default=None)
        news = News(read, Seen.of(read), *((first.time, first.traceparent) if first else ()))
        if news.is_sure_who or not group.standing_id:
            self._watchers.follow(group, read.context.customer_id)
        group.heads = read.heads if news.is_sure_who else {}
        group.journey_id = read.context.journey.journey.journey_id
        had_failed, group.failures = group.failures > 0, 0 if news.is_complete else group.failures + 1
        self._look_again(group)
        if had_failed and news.is_complete:
            self._try_others_now()
        for watcher in list(group.watchers):
            if watcher.from_round <= group.round:
                watcher.tell(news)

    def _failed(self, group: Group, error: OmnithreadError, causes: Sequence[Cause], *, passing: bool = False) -> None:
        group.failures += 1
        group.causes = [*causes, *group.causes][:MOST_CAUSES]  # nobody has been told of them
        self._look_again(group)
        for watcher in list(group.watchers):
            # Who was told something stays and hears of it when it works again; any other error is the answer.
            if not watcher.told or not (passing or is_passing(error)):
                watcher.end(error)

    def _look_again(self, group: Group) -> None:
        pause = self._pace.look_seconds
        if group.failures:
            most = min(max(FEW_WAIT, timedelta(seconds=self._failing / TRIES_A_SECOND)), MANY_WAIT)
            pause = growing_pause(group.failures, first=FIRST_PAUSE, most=most).total_seconds()
        group.next_look = _now() + pause * self._random.uniform(0.8, 1.2)

    def _try_others_now(self) -> None:
        """Look at all that failed: what one of them was missing is there again."""
        for group in self._watchers.groups():
            if group.failures:
                group.next_look = 0


def _in_whose_name(group: Group) -> Watcher | None:
    """Give one whose caller may still ask; the others end."""
    for watcher in list(group.watchers):
        try:
            watcher.call.check_again()
        except OmnithreadError as error:
            watcher.end(error)
        else:
            return watcher
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()
