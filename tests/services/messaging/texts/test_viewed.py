"""What a customer looked at last, which messages show: in whatever order it is heard, whoever they turn out to be."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.clock import system_clock
from libs.ids import new_id
from libs.mongo.connection import connect, database
from libs.mongo.epoch import read_epoch
from libs.mongo.record import Records
from omnithread.messaging.v1.messaging_internal_service_pb2 import EraseAreaRequest
from services.messaging.store import SHAPE
from services.messaging.texts.viewed import MOST_VIEWED, VIEWED_ARTICLES, Viewed, newest
from tests.services.messaging.office import Office
from tests.services.running import Services

NOW = datetime.now(UTC)
LOOKS = st.lists(st.tuples(st.sampled_from("abcdefghijklmnop"), st.integers(0, 30).map(lambda n: NOW + timedelta(n))))


@pytest.fixture
async def viewed(office: Office, services: Services, mongo_uri: str) -> AsyncIterator[Viewed]:
    """The looks that the running messaging keeps."""
    client = connect(mongo_uri, app_name="viewed-tests")
    named = database(client, services.database_name("messaging"))
    records = Records(
        database=named,
        shape=SHAPE,
        clock=system_clock,
        new_id=new_id,
        epoch=await read_epoch(named) or "",
        admit=None,
        on_saved=lambda _customer_id: None,
        random=random.Random(1),
    )
    yield Viewed(records, named, system_clock)
    client.close()


@given(LOOKS, st.randoms())
def test_the_order_in_which_looks_are_heard_changes_nothing(
    looks: list[tuple[str, datetime]], shuffle: random.Random
) -> None:
    shuffled = shuffle.sample(looks, len(looks))
    kept: list[tuple[str, datetime]] = []
    for look in (*shuffled, *shuffled):
        kept = newest([*kept, look])
    assert kept == newest(looks)
    assert len(kept) <= MOST_VIEWED
    assert len({sku for sku, _ in kept}) == len(kept)


async def test_what_two_looked_at_who_are_one_is_read_together_and_apart_again(office: Office, viewed: Viewed) -> None:
    anna, guest, merge_id = await office.guest(), await office.guest(), new_id("mrg")
    for _ in range(2):
        await viewed.note(anna, "purse", NOW - timedelta(days=7))
        await viewed.note(guest, "shoe", NOW - timedelta(days=1))
    await viewed.note(anna, "hat", NOW - timedelta(days=61))
    await viewed.note(anna, "x" * 65, NOW)
    await office.absorb(merge_id, guest, anna)
    assert list(await viewed.of(anna)) == ["shoe", "purse"]
    await office.release(merge_id, guest, anna)
    assert (list(await viewed.of(anna)), list(await viewed.of(guest))) == (["purse"], ["shoe"])


async def test_a_look_that_is_heard_after_its_customer_was_forgotten_is_kept_nowhere(
    office: Office, viewed: Viewed
) -> None:
    anna = await office.guest()
    await viewed.note(anna, "purse", NOW)
    receipt = await office.internal.EraseArea(EraseAreaRequest(customer_id=anna, erasure_id=new_id("ers")))
    erased = {row.collection: row.erased_count for row in receipt.erasure.collections}
    assert erased[VIEWED_ARTICLES] == 1
    await viewed.note(anna, "purse", NOW)
    assert await viewed.database[VIEWED_ARTICLES].find_one({"_id": anna}) is None
