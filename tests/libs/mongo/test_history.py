from datetime import timedelta

import pytest

from libs.mongo.connection import Database
from libs.mongo.record import Records
from tests.libs.mongo.notebook import (
    NOON,
    Notebook,
    Noted,
    SetClock,
    merge,
    notebooks,
    parsed,
    relay,
    stamp,
    write_down,
)


async def replayed(records: Records[Notebook, Noted], after_seq: int, limit: int = 100) -> list[int]:
    events, head = await records.replay("ann", after_seq, limit)
    assert head.seq == 6
    return [event.header.seq for event in parsed(events)]


@pytest.mark.parametrize("relayed_at", [(), (2,), (4,), (2, 4, 6)])
async def test_events_are_replayed_in_order_from_outbox_and_collection(
    database: Database, relayed_at: tuple[int, ...]
) -> None:
    records = notebooks(database)
    for number in range(1, 7):
        await records.run("ann", stamp(), write_down(f"{number}"))
        if number in relayed_at:
            await relay(database, "ann")
    assert await replayed(records, 0) == [1, 2, 3, 4, 5, 6]
    assert await replayed(records, 3) == [4, 5, 6]
    assert await replayed(records, 1, limit=2) == [2, 3]
    assert await replayed(records, 3, limit=2) == [4, 5]
    assert await replayed(records, 6) == []
    assert await replayed(records, 9) == []


async def test_events_are_replayed_once_while_the_relay_is_in_the_middle(database: Database) -> None:
    records = notebooks(database)
    for number in range(6):
        await records.run("ann", stamp(), write_down(f"{number}"))
    stored = await database["records"].find_one({"_id": "ann"})
    assert stored is not None
    await relay(database, "ann")
    await database["records"].update_one({"_id": "ann"}, {"$set": {"outbox": stored["outbox"][2:]}})
    assert await replayed(records, 0) == [1, 2, 3, 4, 5, 6]


async def test_what_is_no_longer_kept_is_left_out_at_the_beginning(database: Database) -> None:
    records = notebooks(database)
    for number in range(6):
        await records.run("ann", stamp(), write_down(f"{number}"))
    await relay(database, "ann")
    await database["events"].delete_many({"customer_id": "ann", "seq": {"$lte": 4}})
    assert await replayed(records, 0) == [5, 6]


async def test_an_unknown_customer_has_no_events(database: Database) -> None:
    events, head = await notebooks(database).replay("nobody", 0, 10)
    assert (events, head.seq) == ([], 0)


async def test_heads_come_oldest_change_first_and_in_pages(database: Database) -> None:
    clock = SetClock()
    records = notebooks(database, clock=clock)
    for customer_id in ("dan", "cat", "bob", "ann"):
        clock.advance(seconds=1)
        await records.run(customer_id, stamp(), write_down("milk"))
    for customer_id in ("zoe", "yan"):  # at the same time as ann
        await records.run(customer_id, stamp(), write_down("a", Noted("1"), Noted("2")))
    first = await records.heads(NOON + timedelta(seconds=2), 3)
    assert [(row.customer_id, row.seq) for row in first] == [("cat", 1), ("bob", 1), ("ann", 1)]
    rest = await records.heads(NOON + timedelta(seconds=2), 3, (first[-1].update_time, first[-1].customer_id))
    assert [(row.customer_id, row.seq) for row in rest] == [("yan", 2), ("zoe", 2)]


async def test_the_heads_of_both_sides_of_a_merge_are_listed(database: Database) -> None:
    clock = SetClock()
    records = notebooks(database, clock=clock)
    await records.run("guest", stamp(), write_down("milk"))
    clock.advance(seconds=5)
    await merge(records, "guest", "ann")
    rows = await records.heads(NOON + timedelta(seconds=5), 10)
    assert [(row.customer_id, row.seq) for row in rows] == [("ann", 1), ("guest", 2)]
