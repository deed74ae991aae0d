"""A cursor goes forward only, and one replica at a time takes up what waits."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from libs.mongo.connection import Database, connect
from libs.mongo.connection import database as named_database
from libs.mongo.cursors import Cursors, SweepPlace
from libs.mongo.migrate import migrate
from tests.libs.mongo.conftest import CommandLog

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=5)


@pytest.fixture
async def cursors(mongo_uri: str, unique_prefix: str) -> AsyncIterator[Cursors]:
    client = connect(mongo_uri, app_name="test")
    own = named_database(client, unique_prefix)
    await migrate(own, (), new_epoch="epo_1")
    yield Cursors(own)
    await client.drop_database(unique_prefix)
    client.close()


async def test_whoever_was_overtaken_does_not_move_it_back(cursors: Cursors) -> None:
    fresh = await cursors.get("cart", "anna")
    await cursors.advance(fresh, epoch="epo_1", seq=5, now=NOW)
    await cursors.advance(fresh, epoch="epo_1", seq=3, now=NOW)
    assert (await cursors.get("cart", "anna")).seq == 5
    slow = await cursors.get("cart", "anna")
    await cursors.advance(slow, epoch="epo_1", seq=7, now=NOW)
    await cursors.park(slow, epoch="epo_1", seq=6, reason="late", retry_time=SOON, now=NOW)
    after = await cursors.get("cart", "anna")
    assert (after.seq, after.retry_time) == (7, None)


async def test_what_comes_of_many_customers_at_once_takes_a_few_commands(
    database: Database, commands: CommandLog
) -> None:
    cursors = Cursors(database)
    names = [f"cus_{number}" for number in range(30)]
    for seq in (1, 2):
        read = await asyncio.gather(*(cursors.get("cart", name) for name in names))
        assert [(cursor.customer_id, cursor.seq) for cursor in read] == [(name, seq - 1) for name in names]
        commands.sent.clear()
        await asyncio.gather(*(cursors.advance(cursor, epoch="epo_1", seq=seq, now=NOW) for cursor in read))
    assert commands.names.count("update") <= 2
    commands.sent.clear()
    assert {one.seq for one in await asyncio.gather(*(cursors.get("cart", name) for name in names))} == {2}
    assert commands.names.count("find") == 1


async def test_a_new_epoch_begins_anew_and_the_old_one_does_not_come_back(cursors: Cursors) -> None:
    fresh = await cursors.get("cart", "anna")
    await cursors.advance(fresh, epoch="epo_1", seq=5, now=NOW)
    old = await cursors.get("cart", "anna")
    await cursors.advance(old, epoch="epo_2", seq=2, now=NOW)
    await cursors.advance(old, epoch="epo_1", seq=6, now=NOW)
    now = await cursors.get("cart", "anna")
    assert (now.epoch, now.seq) == ("epo_2", 2)
    assert now.is_behind("epo_2", 3)
    assert not now.is_behind("epo_2", 2)
    assert now.is_behind("epo_3", 1)


async def test_a_sweep_that_a_clock_far_ahead_has_claimed_is_not_waited_for(cursors: Cursors) -> None:
    hour = timedelta(hours=1)
    assert await cursors.claim_sweep("cart", now=NOW + hour, until=SOON + hour) is not None
    assert await cursors.claim_sweep("cart", now=NOW, until=SOON) is not None


async def test_one_replica_takes_a_parked_stream_when_its_time_has_come(cursors: Cursors) -> None:
    fresh = await cursors.get("cart", "anna")
    await cursors.park(fresh, epoch="", seq=0, reason="poison", retry_time=SOON, now=NOW)
    assert await cursors.due(now=NOW, limit=10) == []
    (due,) = await cursors.due(now=SOON, limit=10)
    assert (due.customer_id, due.parked_reason, due.parked_attempts) == ("anna", "poison", 1)
    later = SOON + timedelta(minutes=1)
    assert await cursors.count_parked(limit=10) == {"cart": 1}
    assert [await cursors.claim_retry(due, until=later) for _ in range(2)] == [True, False]
    await cursors.advance(due, epoch="epo_1", seq=1, now=SOON)
    assert await cursors.due(now=later, limit=10) == []
    assert await cursors.count_parked(limit=10) == {}


async def test_one_replica_at_a_time_sweeps_an_area(cursors: Cursors) -> None:
    place = await cursors.claim_sweep("cart", now=NOW, until=SOON)
    assert place is not None
    assert place.epoch == ""
    assert await cursors.claim_sweep("cart", now=NOW, until=SOON) is None
    assert await cursors.claim_sweep("profile", now=NOW, until=SOON) is not None
    await cursors.leave_sweep(SweepPlace("cart", NOW, "epo_1"), next_time=SOON)
    assert await cursors.claim_sweep("cart", now=NOW, until=SOON) is None
    assert await cursors.claim_sweep("cart", now=SOON, until=SOON + timedelta(seconds=5)) == SweepPlace(
        "cart", NOW, "epo_1"
    )


async def test_who_left_a_sweep_takes_it_again_where_nobody_else_did(cursors: Cursors) -> None:
    assert await cursors.claim_sweep("cart", now=NOW, until=SOON) is not None
    left = await cursors.leave_sweep(SweepPlace("cart", NOW, "epo_1"), next_time=SOON)
    later, latest = (SOON + timedelta(seconds=seconds) for seconds in (5, 10))
    assert await cursors.claim_sweep("cart", now=NOW, until=later, left=left) is None  # it is not due
    assert await cursors.claim_sweep("cart", now=SOON, until=later, left=left) == SweepPlace("cart", NOW, "epo_1")
    assert await cursors.claim_sweep("cart", now=SOON, until=later, left=left) is None
    await cursors.leave_sweep(SweepPlace("cart", SOON, "epo_2"), next_time=later)  # another replica, meanwhile
    assert await cursors.claim_sweep("cart", now=later, until=latest, left=left) == SweepPlace("cart", SOON, "epo_2")


async def test_a_reader_that_cares_for_nothing_before_begins_its_sweeps_there_and_only_once(cursors: Cursors) -> None:
    await cursors.begin_sweeps(["cart", "profile"], since=NOW)
    await cursors.begin_sweeps(["cart"], since=SOON)
    assert await cursors.claim_sweep("cart", now=NOW, until=SOON) == SweepPlace("cart", NOW, "")
    assert await cursors.claim_sweep("cart", now=NOW, until=SOON) is None


async def test_two_readers_of_one_service_go_at_their_own_pace(
    cursors: Cursors, mongo_uri: str, unique_prefix: str
) -> None:
    client = connect(mongo_uri, app_name="test")
    second = Cursors(named_database(client, unique_prefix), "second_cursors")
    await cursors.advance(await cursors.get("cart", "anna"), epoch="epo_1", seq=5, now=NOW)
    assert (await second.get("cart", "anna")).seq == 0
    await second.advance(await second.get("cart", "anna"), epoch="epo_1", seq=2, now=NOW)
    assert ((await cursors.get("cart", "anna")).seq, (await second.get("cart", "anna")).seq) == (5, 2)
    client.close()
