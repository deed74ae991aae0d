"""Forgetting somebody leaves a mark that says so, and nothing that says who it was."""

import asyncio
from dataclasses import replace

import pytest

from libs.errors import OmnithreadError
from libs.ids import new_id
from libs.mongo.connection import Database
from libs.mongo.holdings import Kept
from tests.libs.mongo.faults import Crash, crashes_after, crashes_before, no_fault, with_faults_everywhere
from tests.libs.mongo.forgetting import (
    ALL,
    HOLDINGS,
    RECEIPTS,
    SECRET,
    eraser_of,
    everything,
    forget,
    found_in,
    live,
    without_times_and_events,
)
from tests.libs.mongo.notebook import (
    FILED,
    STORE,
    Noted,
    merge,
    notebooks,
    parsed,
    relay,
    stamp,
    unmerge,
    until_done,
    write_down,
)


async def test_nothing_of_a_forgotten_customer_is_left_but_numbers_and_what_the_law_wants(database: Database) -> None:
    await live(database, *ALL)
    assert set(found_in(await everything(database), SECRET)) == {"records", FILED, RECEIPTS}
    await forget(database, "ann", "guest")
    after = await everything(database)
    assert found_in(after, SECRET) == []
    assert after[FILED] == []
    assert [(row["_id"], row["sum"]) for row in after[RECEIPTS]] == [("ann-paid", 89), ("guest-paid", 89)]


async def test_the_receipt_says_what_went_what_stays_and_why_and_stays_the_first(database: Database) -> None:
    await live(database, "ann")
    receipt = await forget(database, "ann")
    rows = {row.collection: row for row in receipt.collections}
    assert (rows[FILED].erased_count, rows[FILED].pseudonymised_count) == (2, 0)
    assert (rows["events"].erased_count, rows["events"].pseudonymised_count) == (1, 1)
    assert (rows["records"].erased_count, rows["records"].pseudonymised_count) == (0, 1)
    assert (rows[RECEIPTS].pseudonymised_count, rows[RECEIPTS].why_kept) == (1, "the law")
    assert receipt.HasField("erase_time")
    assert await forget(database, "ann") == receipt
    assert await forget(database, "ann", erasure_id="era_2") == receipt


async def test_numbers_go_on_and_the_last_event_says_that_the_customer_was_erased(database: Database) -> None:
    records = await live(database, "ann")
    before = await records.get_exact("ann")
    await forget(database, "ann")
    await relay(database, "ann")
    after = await records.get_exact("ann")
    assert (after.version, after.seq, after.erased) == (before.version + 1, before.seq + 1, "era_1")
    events, head = await records.replay("ann", 0, 10)
    assert [(event.cart_id, event.header.seq) for event in parsed(events)] == [("erased era_1", head.seq)]


async def test_a_forgotten_customer_is_nobody_to_reads_and_refused_to_commands(database: Database) -> None:
    records = await live(database, "ann")
    retry = stamp("milk")
    await records.run("ann", retry, write_down("milk"))
    await forget(database, "ann")
    with pytest.raises(OmnithreadError, match="CUSTOMER_NOT_FOUND"):
        await records.get("ann")
    assert await records.get_many(["ann"]) == {}
    assert await records.recall("ann", retry) is None
    for command in (retry, stamp()):
        with pytest.raises(OmnithreadError, match="CUSTOMER_ERASED"):
            await records.run("ann", command, write_down("bread"))


async def test_who_never_had_a_record_here_cannot_get_one_afterwards(database: Database) -> None:
    await forget(database, "ann")
    with pytest.raises(OmnithreadError, match="CUSTOMER_ERASED"):
        await notebooks(database).run("ann", stamp(), write_down("milk"))


@pytest.mark.parametrize("merged_before", [True, False])
async def test_both_sides_of_a_merge_go_and_a_late_merge_does_nothing(database: Database, merged_before: bool) -> None:
    records = await live(database, *ALL)
    if merged_before:
        await merge(records, "guest", "ann")
    await forget(database, "ann", "guest")
    assert not await merge(records, "guest", "ann")
    after = await everything(database)
    assert found_in(after, SECRET) == []
    assert all(record["erased"] == "era_1" and record["notes"] == [] for record in after["records"])


async def test_a_merge_that_crashed_half_way_keeps_nobody_from_being_forgotten(database: Database) -> None:
    for step in range(3):
        ids = (f"ann{step}", f"guest{step}")
        await live(database, *ids)
        faulty = with_faults_everywhere(database, *([no_fault] * step), crashes_before)
        with pytest.raises(Crash):
            await merge(notebooks(faulty), ids[1], ids[0])
        await forget(database, *ids)
        assert not await merge(notebooks(database), ids[1], ids[0])
    assert found_in(await everything(database), SECRET) == []


async def test_where_an_undoing_is_still_on_its_way_the_erasure_waits_for_it(database: Database) -> None:
    records = await live(database, *ALL)
    await merge(records, "guest", "ann")
    for customer_id in ALL:  # profile knows each of them as somebody of their own again
        with pytest.raises(OmnithreadError, match="CONFLICT"):
            await forget(database, customer_id)
    assert not (await records.get("ann")).erased


async def test_an_erasure_that_crashes_at_any_write_ends_in_the_same_state(database: Database) -> None:
    await live(database, "ann", "guest")
    wanted_receipt = await forget(database, "ann", "guest")
    wanted = without_times_and_events(await everything(database))
    step, crash_count = 0, 0
    while crash_count == step:
        for crash in (crashes_before, crashes_after):
            for name in await database.list_collection_names():
                await database[name].delete_many({})
            await live(database, "ann", "guest")
            faulty = with_faults_everywhere(database, *([no_fault] * step), crash)
            try:
                await eraser_of(faulty, notebooks(faulty)).erase(ALL, erasure_id="era_1", origin=STORE)
            except Crash:
                crash_count += crash is crashes_after
            receipt = await forget(database, "ann", "guest")
            assert receipt == wanted_receipt
            assert without_times_and_events(await everything(database)) == wanted
        step += 1
    assert step > 8


async def test_what_a_slow_writer_puts_into_a_list_afterwards_goes_with_the_next_call(database: Database) -> None:
    records = await live(database, "ann")
    receipt = await forget(database, "ann")
    late = {"_id": "late", "customer_id": "ann", "revision": 1, "text": SECRET}
    await database[FILED].insert_one(late)
    await database["a_list_of_tomorrow"].insert_one({"_id": "ann", "text": SECRET})
    assert await forget(database, "ann") == receipt
    assert found_in(await everything(database), SECRET) == []
    assert (await records.get_exact("ann")).erased


async def test_nobody_else_loses_anything(database: Database) -> None:
    await live(database, *ALL)
    before = await everything(database)
    await forget(database, "ann")
    after = await everything(database)
    for name in before:
        mine = [row for row in before[name] if "guest" in (row["_id"], row.get("customer_id"))]
        assert [row for row in after[name] if "guest" in (row["_id"], row.get("customer_id"))] == mine


async def test_what_has_to_stay_stays_even_if_it_was_still_on_its_way(database: Database) -> None:
    records = notebooks(database)
    await records.run("ann", stamp(), write_down("x", Noted("x", filed_as="f", state=SECRET)))
    kept = Kept(FILED, "the law", lambda document: {"text": document["text"]})
    eraser = replace(eraser_of(database), holdings=replace(HOLDINGS, kept=(kept,)))
    receipt = await eraser.erase(["ann"], erasure_id="era_1", origin=STORE)
    await relay(database, "ann")
    after = await everything(database)
    assert [(row["_id"], row["text"]) for row in after[FILED]] == [("f", "x")]
    assert found_in(after, SECRET) == []
    assert [row.pseudonymised_count for row in receipt.collections if row.collection == FILED] == [1]


async def test_an_event_on_its_way_is_not_put_back(database: Database) -> None:
    records = notebooks(database)
    await records.run("ann", stamp(), write_down("x", Noted("x", filed_as="f", state=SECRET)))
    await forget(database, "ann")
    await relay(database, "ann")
    after = await everything(database)
    assert found_in(after, SECRET) == []
    assert [row["seq"] for row in after["events"]] == [2]


@pytest.mark.parametrize("later_seconds", [0, 0.01, 0.02, 0.05, 0.1])
async def test_whatever_goes_on_meanwhile_nothing_is_left(database: Database, later_seconds: float) -> None:
    await live(database, *ALL)
    erased = asyncio.Event()

    async def write(number: int) -> None:
        """Write for one of the two until they are forgotten."""
        records, customer_id = notebooks(database), ALL[number % 2]
        while True:
            noted = Noted("x", filed_as=f"{customer_id}-{new_id('x')}", state=SECRET)
            try:
                await records.run(customer_id, stamp(), write_down(SECRET, noted))
            except OmnithreadError as error:
                if error.reason == "CUSTOMER_ERASED":
                    return
                if error.reason not in {"CONFLICT", "OUTBOX_FULL"}:
                    raise

    async def relay_on() -> None:
        while not erased.is_set():
            await relay(database, *ALL)

    async def erase_later() -> None:
        await asyncio.sleep(later_seconds)
        await until_done(lambda: forget(database, *ALL))

    merging = until_done(lambda: merge(notebooks(database), "guest", "ann"))
    relaying = asyncio.create_task(relay_on())
    await asyncio.gather(*(write(number) for number in range(4)), merging, erase_later())
    erased.set()
    await relaying
    await forget(database, *ALL)  # the second look, for what the relay had in its hands
    assert found_in(await everything(database), SECRET) == []


async def test_an_undoing_that_comes_late_gives_nobody_anything_back(database: Database) -> None:
    records = await live(database, *ALL)
    await merge(records, "guest", "ann")
    await forget(database, *ALL)
    before = without_times_and_events(await everything(database))
    for _ in range(2):
        assert not await unmerge(records, "guest", "ann")
        assert not await merge(records, "guest", "ann")
    assert without_times_and_events(await everything(database)) == before


@pytest.mark.parametrize("step", range(3))
async def test_an_undoing_that_crashed_is_finished_before_either_is_forgotten(database: Database, step: int) -> None:
    records = await live(database, *ALL)
    await merge(records, "guest", "ann")
    faulty = with_faults_everywhere(database, *([no_fault] * step), crashes_before)
    with pytest.raises(Crash):
        await unmerge(notebooks(faulty), "guest", "ann")
    with pytest.raises(OmnithreadError, match="CONFLICT"):
        await forget(database, "ann")
    await unmerge(records, "guest", "ann")
    await forget(database, "ann")
    guest = await records.get("guest")
    assert [note for note in guest.state.notes if SECRET in note]
    await forget(database, "guest")
    assert found_in(await everything(database), SECRET) == []
