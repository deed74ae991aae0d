"""Who watches what on this replica: bounded in all, per channel and per customer, and found by customer."""

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime

from libs.errors import OmnithreadError
from libs.rpc.call import Call
from omnithread.common.v1.event_pb2 import Head
from services.aggregator.heads import reaches
from services.aggregator.subject import Subject
from services.aggregator.watching import errors
from services.aggregator.watching.news import News

MOST_CAUSES = 16
"""Of so many changes that led to one read the traces are linked."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many may watch at once."""

    in_process: int
    per_channel: int
    per_customer: int


@dataclass(eq=False, slots=True)
class Watcher:
    """One stream. It has room for one piece of news: the newest takes the place of what was not sent yet."""

    group: "Group"
    call: Call
    from_round: int
    """What was read before this round may be older than what this watcher has to be told first."""
    context: Context = field(default_factory=copy_context)
    """Of the stream's call, to read in its name."""
    task: "asyncio.Task[object] | None" = field(default_factory=asyncio.current_task)
    """That serves the stream."""
    told: bool = False
    """Whether it was ever sent anything."""
    news: News | None = None
    ending: OmnithreadError | None = None
    writing_since: float | None = None
    """On the event loop's clock; None while nothing is on its way out."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, news: News) -> None:
        """Leave news, in place of what was not sent yet."""
        self.news = news.since(self.news)
        self.woken.set()

    def end(self, error: OmnithreadError) -> None:
        """End the stream as soon as it is not writing."""
        self.ending = self.ending or error
        self.woken.set()

    async def next(self, *, within_seconds: float) -> News | None:
        """Wait for news; None after so much silence. Raises what the stream ends with."""
        try:
            async with asyncio.timeout(within_seconds):
                await self.woken.wait()
        except TimeoutError:
            pass
        self.woken.clear()
        if self.ending is not None:
            raise self.ending
        news, self.news = self.news, None
        return news


@dataclass(frozen=True, slots=True)
class Cause:
    """A change for which to read again."""

    traceparent: str
    time: datetime
    """When it was committed."""
    is_change: bool = True
    """False where nothing changed, and somebody began to watch."""


@dataclass(eq=False, slots=True)
class Group:
    """Those who watch the same, and how far they are."""

    subject: Subject
    watchers: set[Watcher] = field(default_factory=set)
    standing_id: str = ""
    """Who the customer is today; empty before the first read."""
    heads: Mapping[str, Head] = field(default_factory=dict)
    """What the last read held."""
    round: int = 0
    """Counts the reads."""
    is_reading: bool = False
    is_wanted: bool = False
    """Whether to read once more."""
    causes: list[Cause] = field(default_factory=list)
    """The first of the changes since the last read began, at most MOST_CAUSES."""
    next_look: float = 0.0
    """When to look without having heard of a change, on the event loop's clock."""
    echo_at: float = math.inf
    """When to look for what follows from a change elsewhere, without an event of its own."""
    failures: int = 0
    """Reads in a row that were not complete."""
    journey_id: str = ""
    """The present journey, to label the reads with; empty where it is not known."""

    def holds(self, area: str, customer_id: str, head: Head) -> bool:
        """Say whether the last read held this event already."""
        return customer_id == self.standing_id and reaches(self.heads.get(area), head)


class Watchers:
    """The groups of this replica."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._groups: dict[Subject, Group] = {}
        self._of: dict[str, set[Group]] = {}
        self._per_channel: Counter[str] = Counter()
        self._per_customer: Counter[str] = Counter()
        self.count = 0
        self._stopped = False

    def add(self, subject: Subject, call: Call) -> Watcher:
        """Begin to watch. Raises WATCH_LIMIT, and WATCH_STOPPED where this replica stops."""
        if self._stopped:
            raise errors.watch_stopped()
        customer_id, channel_id = subject.customer_id, subject.caller.channel_id
        for limit, count, most in (
            ("process", self.count, self._limits.in_process),
            ("channel", self._per_channel[channel_id], self._limits.per_channel),
            ("customer", self._per_customer[customer_id], self._limits.per_customer),
        ):
            if count >= most:
                raise errors.watch_limit(limit, most)
        group = self._groups.get(subject)
        if group is None:
            group = self._groups[subject] = Group(subject)
            self._of.setdefault(customer_id, set()).add(group)
        watcher = Watcher(group, call, from_round=group.round + 1)
        group.watchers.add(watcher)
        self.count += 1
        self._per_channel[channel_id] += 1
        self._per_customer[customer_id] += 1
        return watcher

    def remove(self, watcher: Watcher) -> bool:
        """End it; False where it has ended already."""
        group = watcher.group
        if watcher not in group.watchers:
            return False
        group.watchers.remove(watcher)
        self.count -= 1
        _less(self._per_channel, group.subject.caller.channel_id)
        _less(self._per_customer, group.subject.customer_id)
        if not group.watchers:
            del self._groups[group.subject]
            for customer_id in {group.subject.customer_id, group.standing_id}:
                self._forget(customer_id, group)
        return True

    def follow(self, group: Group, standing_id: str) -> None:
        """Find a group under who its customer is today as well."""
        if group.standing_id == standing_id or not group.watchers:
            return
        if group.standing_id not in ("", group.subject.customer_id):
            self._forget(group.standing_id, group)
        group.standing_id = standing_id
        self._of.setdefault(standing_id, set()).add(group)

    def of(self, customer_id: str) -> Iterable[Group]:
        """Give the groups that watch a customer."""
        return tuple(self._of.get(customer_id, ()))

    def groups(self) -> Iterable[Group]:
        """Give all groups."""
        return tuple(self._groups.values())

    def stop(self) -> None:
        """Let all streams end, and no other begin: this replica stops."""
        self._stopped = True
        for watcher in self:
            watcher.end(errors.watch_stopped())

    def __iter__(self) -> Iterator[Watcher]:
        return iter([watcher for group in self._groups.values() for watcher in group.watchers])

    def _forget(self, customer_id: str, group: Group) -> None:
        groups = self._of.get(customer_id)
        if groups is None:
            return
        groups.discard(group)
        if not groups:
            del self._of[customer_id]


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
