"""Who is read for, how often, and what is done when a read fails."""

import asyncio
import math
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import pytest
from prometheus_client import CollectorRegistry

from libs.errors import OmnithreadError, customer_not_found, dependency_unavailable
from libs.rpc.call import CURRENT_CALL, Call, Caller
from libs.timestamps import to_timestamp
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.common.v1.event_pb2 import EventHeader, Head
from omnithread.context.v1.context_events_pb2 import ContextEvent, TouchpointRecorded
from omnithread.context.v1.context_pb2 import SECTION_CART, SECTION_PROBLEM_REASON_UNAVAILABLE
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent, ProfileUpdated
from services.aggregator.context import ContextRead, Problem, assemble
from services.aggregator.subject import Subject
from services.aggregator.watching.metrics import WatchMetrics
from services.aggregator.watching.news import News
from services.aggregator.watching.rounds import GAP_SECONDS, Pace, Rounds
from services.aggregator.watching.watchers import Limits, Watcher, Watchers
from tests.services.aggregator.samples import NOON

WAIT_SECONDS = 60
CART = frozenset({SECTION_CART})
AWAY = Problem(SECTION_CART, SECTION_PROBLEM_REASON_UNAVAILABLE)


@dataclass
class Library:
    """Gives contexts, and notes who was read. A read takes until `open` is set."""

    read_ids: list[str] = field(default_factory=list)
    began: list[float] = field(default_factory=list)
    seq: int = 1
    problems: Sequence[Problem] = ()
    error: OmnithreadError | None = None
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self, customer_id: str, **_: object) -> ContextRead:
        self.read_ids.append(customer_id)
        self.began.append(asyncio.get_running_loop().time())
        seq = self.seq
        await self.open.wait()
        if self.error is not None:
            raise self.error
        heads = {"profile": Head(epoch="e", seq=1), "cart": Head(epoch="e", seq=seq)}
        return ContextRead(assemble(customer_id, [], wanted=CART), tuple(self.problems), heads=heads)


@dataclass
class Room:
    """Watchers, and what reads for them."""

    library: Library
    watchers: Watchers
    rounds: Rounds

    def watch(self, customer_id: str) -> Watcher:
        call = Call(Caller(channel_id="web-shop", channel_kind=1))
        CURRENT_CALL.set(call)
        watcher = self.watchers.add(Subject.of(customer_id, CART, call.caller), call)
        self.rounds.want(watcher.group)
        return watcher

    def cart_changes(self, customer_id: str, seq: int) -> None:
        self.library.seq = seq
        header = EventHeader(epoch="e", seq=seq, customer_id=customer_id, record_time=to_timestamp(NOON))
        self.rounds.heard("cart", CartEvent(header=header))

    async def has_read(self, times: int) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while len(self.library.read_ids) < times:
                await asyncio.sleep(0)

    async def is_quiet(self) -> None:
        """Wait until nothing is read, nor is to be."""
        async with asyncio.timeout(WAIT_SECONDS):
            while any(group.is_reading for group in self.watchers.groups()):
                await asyncio.sleep(0.01)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    library, watchers = Library(), Watchers(Limits(100, 100, 100))
    library.open.set()
    rounds = Rounds(
        watchers=watchers,
        reader=library,
        pace=Pace(read_seconds=5, look_seconds=86_400),
        metrics=WatchMetrics(CollectorRegistry()),
        clock=lambda: NOON,
        random=random.Random(1),
    )
    yield Room(library, watchers, rounds)
    await rounds.stop()


async def told(watcher: Watcher) -> News:
    news = await watcher.next(within_seconds=WAIT_SECONDS)
    assert news is not None
    return news


async def test_who_watches_the_same_is_read_for_once_and_nobody_else_is(room: Room) -> None:
    one, other, elsewhere = room.watch("mia"), room.watch("mia"), room.watch("max")
    for watcher in (one, other, elsewhere):
        await told(watcher)
    await room.is_quiet()
    before = len(room.library.read_ids)
    room.cart_changes("mia", 2)
    assert (await told(one)).changed_at == (await told(other)).changed_at == NOON
    await room.is_quiet()
    assert room.library.read_ids[before:] == ["mia"]
    assert elsewhere.news is None


async def test_hundreds_of_changes_are_one_read_under_way_and_one_more(room: Room) -> None:
    watcher = room.watch("mia")
    await told(watcher)
    await room.is_quiet()
    room.library.open.clear()
    for seq in range(2, 302):
        room.cart_changes("mia", seq)
        await asyncio.sleep(0)
    room.library.open.set()
    await room.is_quiet()
    assert len(room.library.read_ids) == 3
    assert room.library.began[2] - room.library.began[1] >= GAP_SECONDS
    room.cart_changes("mia", 301)  # again, as Kafka may: the last read held it
    await room.is_quiet()
    assert len(room.library.read_ids) == 3


async def test_who_begins_to_watch_is_not_told_what_was_read_before(room: Room) -> None:
    room.library.open.clear()
    first = room.watch("mia")
    await room.has_read(1)
    second = room.watch("mia")
    room.library.open.set()
    await told(first)
    assert second.news is None
    await told(second)
    assert len(room.library.read_ids) == 2


async def test_what_is_missing_is_looked_for_until_it_is_there_and_then_no_more(room: Room) -> None:
    room.library.problems = [AWAY]
    watcher = room.watch("mia")
    pauses = []
    for _ in range(4):
        await told(watcher)
        await room.is_quiet()
        pauses.append(watcher.group.next_look - room.library.began[-1])
        watcher.group.next_look = 0
        room.library.problems = [AWAY] if len(pauses) < 3 else []
        room.rounds.look()
    assert pauses[0] < pauses[2]
    await told(watcher)
    await room.is_quiet()
    assert watcher.group.next_look - room.library.began[-1] > 60_000


async def test_few_who_miss_something_wait_little_many_longer_and_what_one_finds_again_the_others_look_for(
    room: Room,
) -> None:
    room.library.problems = [AWAY]
    watchers = [room.watch(f"customer-{number}") for number in range(80)]
    for watcher in watchers:
        await told(watcher)
    await room.is_quiet()

    async def pause_of(watcher: Watcher) -> float:
        began = asyncio.get_running_loop().time()
        watcher.group.failures = 20
        room.rounds.want(watcher.group)
        await told(watcher)
        await room.is_quiet()
        return watcher.group.next_look - began

    assert await pause_of(watchers[0]) < 3  # of its first look nobody knew that all fail
    room.rounds.look()
    assert await pause_of(watchers[0]) > 3
    room.library.problems = []
    room.rounds.want(watchers[0].group)
    await told(watchers[0])
    assert watchers[0].group.next_look > 60_000
    assert {watcher.group.next_look for watcher in watchers[1:]} == {0}


async def test_after_a_gap_everybody_is_looked_at_again_some_at_a_time(room: Room) -> None:
    watchers = [room.watch(f"customer-{number}") for number in range(60)]
    for watcher in watchers:
        await told(watcher)
    await room.is_quiet()
    room.rounds.may_have_missed()
    room.library.read_ids.clear()
    room.rounds.look()
    await room.is_quiet()
    assert 0 < len(room.library.read_ids) < 60
    while len(room.library.read_ids) < 60:
        room.rounds.look()
        await room.is_quiet()
    assert len(set(room.library.read_ids)) == 60


async def test_cart_is_asked_again_after_what_its_offers_may_follow_from(room: Room) -> None:
    watcher, header = room.watch("mia"), EventHeader(epoch="e", seq=9, customer_id="mia")
    await told(watcher)
    await room.is_quiet()
    ours, act, profile = (
        ContextEvent(header=header, touchpoint_recorded=TouchpointRecorded(by_company=True)),
        ContextEvent(header=header, touchpoint_recorded=TouchpointRecorded()),
        ProfileEvent(header=header, profile_updated=ProfileUpdated()),
    )
    for area, event, is_followed in (("context", ours, False), ("context", act, True), ("profile", profile, True)):
        watcher.group.echo_at = math.inf
        room.rounds.heard(area, event)
        assert (watcher.group.echo_at < math.inf) == is_followed
    await room.is_quiet()
    watcher.group.echo_at, before = 0.0, len(room.library.read_ids)
    room.rounds.look()
    await room.is_quiet()
    assert len(room.library.read_ids) == before + 1
    assert watcher.group.echo_at == math.inf


async def test_a_failure_that_passes_ends_the_streams_of_those_who_were_told_nothing_only(room: Room) -> None:
    known = room.watch("mia")
    await told(known)
    known.told = True
    room.library.error = dependency_unavailable("profile")
    fresh = room.watch("mia")
    with pytest.raises(OmnithreadError, match="DEPENDENCY_UNAVAILABLE"):
        await fresh.next(within_seconds=WAIT_SECONDS)
    assert known.ending is None
    await room.is_quiet()
    room.cart_changes("mia", 2)
    await room.is_quiet()
    room.library.error, known.group.next_look = None, 0
    room.rounds.look()
    assert (await told(known)).changed_at == NOON  # the time counts from the change that could not be read for
    await room.is_quiet()
    room.library.error = customer_not_found("mia")
    room.cart_changes("mia", 3)
    with pytest.raises(OmnithreadError, match="CUSTOMER_NOT_FOUND"):
        await known.next(within_seconds=WAIT_SECONDS)


async def test_it_is_read_in_the_name_of_one_whose_token_is_good(room: Room) -> None:
    def has_run_out() -> None:
        raise OmnithreadError(status=customer_not_found("").status, reason="TOKEN_EXPIRED", message="")

    one = room.watch("mia")
    await told(one)
    await room.is_quiet()
    one.call = Call(one.call.caller, check_again=has_run_out)
    other = room.watch("mia")
    await told(other)
    await room.is_quiet()
    one.group.watchers = {one}
    one.news = None  # what the other one's read found may wait for it
    one.woken.clear()
    before = len(room.library.read_ids)
    room.cart_changes("mia", 2)
    with pytest.raises(OmnithreadError, match="TOKEN_EXPIRED"):
        await one.next(within_seconds=WAIT_SECONDS)
    assert len(room.library.read_ids) == before
