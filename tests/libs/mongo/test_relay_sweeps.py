"""One replica at a time looks for what was left behind, and none for longer than it says so."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from libs.mongo.connection import connect, database
from libs.mongo.relay_store import RelayStore

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HELD = timedelta(seconds=2)


@pytest.fixture
async def store(mongo_uri: str, unique_prefix: str) -> AsyncIterator[RelayStore]:
    client = connect(mongo_uri, app_name="test")
    yield RelayStore(database(client, unique_prefix))
    await client.drop_database(unique_prefix)
    client.close()


async def claims(
    store: RelayStore, holder: str, *, seconds: float = 0, what: str = "records", was_mine: bool = False
) -> bool:
    now = NOW + timedelta(seconds=seconds)
    return await store.claim_sweep(what, holder, now=now, until=now + HELD, was_mine=was_mine)


async def test_one_looks_and_goes_on_looking_until_it_falls_silent(store: RelayStore) -> None:
    assert [await claims(store, holder) for holder in ("one", "two", "one")] == [True, False, True]
    assert await claims(store, "one", seconds=1)
    assert not await claims(store, "two", seconds=2.9)
    assert await claims(store, "two", seconds=3.1)
    assert not await claims(store, "one", seconds=3.2)


async def test_who_had_it_goes_on_unless_another_has_taken_it(store: RelayStore) -> None:
    assert await claims(store, "one")
    assert await claims(store, "one", seconds=1, was_mine=True)
    assert not await claims(store, "two", seconds=2.9)
    assert await claims(store, "two", seconds=3.1)
    assert not await claims(store, "one", seconds=3.2, was_mine=True)
    assert await claims(store, "one", seconds=5.2, was_mine=True)


async def test_two_may_look_for_two_things(store: RelayStore) -> None:
    assert await claims(store, "one")
    assert await claims(store, "two", what="events")
    assert not await claims(store, "one", what="events")


async def test_whose_clock_was_ahead_holds_up_nobody(store: RelayStore) -> None:
    assert await claims(store, "one", seconds=600)
    assert await claims(store, "two")
    assert not await claims(store, "one", seconds=1)
