"""Who watches whom: within limits, found by customer, and with room for one piece of news."""

from dataclasses import replace
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from libs.rpc.call import Call, Caller
from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1.context_pb2 import SECTION_CART, SECTION_JOURNEY, SECTION_PREFERENCES
from services.aggregator.context import ALL_SECTIONS, ContextRead, assemble
from services.aggregator.subject import Subject
from services.aggregator.watching.news import News
from services.aggregator.watching.seen import Seen
from services.aggregator.watching.watchers import Limits, Watcher, Watchers
from tests.services.aggregator.samples import NOON

WEB, STORE = (Caller(channel_id=channel, channel_kind=1) for channel in ("web-shop", "store-042"))


def watchers_with(in_process: int = 100, per_channel: int = 100, per_customer: int = 100) -> Watchers:
    return Watchers(Limits(in_process, per_channel, per_customer))


def watch(watchers: Watchers, customer_id: str, caller: Caller = WEB) -> Watcher:
    return watchers.add(Subject.of(customer_id, ALL_SECTIONS, caller), Call(caller))


def refused_limit(watchers: Watchers, customer_id: str, caller: Caller = WEB) -> str:
    with pytest.raises(OmnithreadError) as refused:
        watch(watchers, customer_id, caller)
    assert refused.value.reason == "WATCH_LIMIT"
    return refused.value.metadata["limit"]


def test_news_that_was_not_read_leaves_the_time_and_the_trace_of_its_change_to_the_next() -> None:
    first, later, silent = (replace(news_at(minutes), traceparent=f"of {minutes}") for minutes in (1, 2, None))
    for newest, earlier in ((later, first), (silent, first), (first, later), (first, silent)):
        told = newest.since(earlier)
        assert (told.changed_at, told.traceparent) == (first.changed_at, "of 1")


def news_at(minutes: int | None, customer_id: str = "mia") -> News:
    read = ContextRead(assemble(customer_id, [], wanted=ALL_SECTIONS))
    return News(read, Seen.of(read), None if minutes is None else NOON + timedelta(minutes=minutes))


async def test_limits_of_process_channel_and_customer_hold_and_free_places_are_given_again() -> None:
    assert refused_limit(watchers_with(in_process=0), "mia") == "process"
    watchers = watchers_with(per_channel=2, per_customer=3)
    first, second = watch(watchers, "mia"), watch(watchers, "max")
    assert refused_limit(watchers, "eva") == "channel"
    watch(watchers, "mia", STORE)
    assert watchers.remove(first)
    assert not watchers.remove(first)
    watch(watchers, "mia")
    assert watchers.count == 3
    assert watchers.remove(second)
    watch(watchers, "mia", WEB)
    assert refused_limit(watchers, "mia", STORE) == "customer"


async def test_those_who_watch_the_same_on_one_channel_share_and_members_of_staff_do_not_differ() -> None:
    watchers = watchers_with()
    ben, anna = (Caller(channel_id="call-centre", channel_kind=4, actor_id=actor) for actor in ("ben", "anna"))
    assert watch(watchers, "mia", ben).group is watch(watchers, "mia", anna).group
    assert watch(watchers, "mia", WEB).group is not watch(watchers, "mia", STORE).group


async def test_who_was_merged_is_found_under_both_ids_until_nobody_watches() -> None:
    watchers = watchers_with()
    watcher = watch(watchers, "mia")
    watchers.follow(watcher.group, "max")
    assert [*watchers.of("mia")] == [*watchers.of("max")] == [watcher.group]
    watchers.follow(watcher.group, "eva")
    assert [*watchers.of("max")] == []
    watchers.remove(watcher)
    assert [*watchers.of("mia")] == [*watchers.of("eva")] == [*watchers.groups()] == []


async def test_who_is_slow_has_the_newest_and_the_time_of_the_first_change_that_nobody_told() -> None:
    watcher = watch(watchers_with(), "mia")
    for minutes in (1, 2, None):
        watcher.tell(news_at(minutes))
    newest = news_at(3, "newest")
    watcher.tell(newest)
    told = await watcher.next(within_seconds=60)
    assert told is not None
    assert (told.read, told.changed_at) == (newest.read, NOON + timedelta(minutes=1))
    assert await watcher.next(within_seconds=0.01) is None


async def test_all_streams_end_when_the_replica_stops_and_none_begins() -> None:
    watchers = watchers_with()
    watcher = watch(watchers, "mia")
    watchers.stop()
    with pytest.raises(OmnithreadError, match="WATCH_STOPPED"):
        await watcher.next(within_seconds=60)
    with pytest.raises(OmnithreadError, match="WATCH_STOPPED"):
        watch(watchers, "max")


def test_only_events_count_that_can_change_what_is_watched() -> None:
    cart, preferences, journey = (
        Subject.of("mia", frozenset({section}), WEB) for section in (SECTION_CART, SECTION_PREFERENCES, SECTION_JOURNEY)
    )
    assert [cart.concerns(area) for area in ("cart", "profile", "messaging", "context")] == [True, True, False, False]
    assert [preferences.concerns(area) for area in ("preference", "cart")] == [True, False]
    assert all(journey.concerns(area) for area in ("profile", "cart", "preference", "messaging", "context"))


async def test_an_event_that_the_last_read_held_is_no_reason_to_read() -> None:
    group = watch(watchers_with(), "mia").group
    group.standing_id, group.heads = "mia", {"cart": Head(epoch="e", seq=7)}
    assert group.holds("cart", "mia", Head(epoch="e", seq=7))
    assert not group.holds("cart", "mia", Head(epoch="e", seq=8))
    assert not group.holds("cart", "mia", Head(epoch="restored", seq=3))
    assert not group.holds("messaging", "mia", Head(epoch="e", seq=1))
    assert not group.holds("cart", "merged-away", Head(epoch="e", seq=1))
