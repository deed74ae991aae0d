import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.record import Decision
from tests.libs.mongo.faults import (
    HangsUntil,
    with_faults,
)
from tests.libs.mongo.notebook import (
    NOON,
    Notebook,
    Noted,
    merge,
    notebooks,
    parsed,
    relay,
    stamp,
    two_customers,
    unmerge,
    write_down,
)


async def test_the_survivor_has_what_both_had_and_the_source_leads_to_it(database: Database) -> None:
    told: list[str] = []
    await two_customers(database)
    records = notebooks(database, on_saved=told.append)
    assert await merge(records, "guest", "ann")
    survivor = await records.get("guest")
    assert survivor.customer_id == "ann"
    assert survivor.state.notes == ("of ann", "of guest")
    assert survivor.lineage == ("ann", "guest")
    assert survivor.absorbed == ("mrg_1",)
    source = await records.get_exact("guest")
    assert (source.merged_into, source.merge_id, source.absorption_done) == ("ann", "mrg_1", True)
    assert source.state.notes == ("of guest",)
    assert told == ["guest", "ann"]
    assert [event.cart_id for event in parsed((await records.replay("guest", 0, 10))[0])] == ["of guest", "sealed"]
    assert set(await records.get_many(["guest", "ann"])) == {"guest", "ann"}
    assert (await records.get_many(["guest"]))["guest"].customer_id == "ann"


async def test_a_source_and_a_survivor_without_records_can_be_merged(database: Database) -> None:
    records = notebooks(database)
    assert await merge(records, "guest", "ann")
    source = await records.get_exact("guest")
    assert (source.version, source.seq, source.merged_into) == (1, 1, "ann")
    assert (await records.get("guest")).lineage == ("ann", "guest")
    outcome = await records.run("guest", stamp(), write_down("milk"))
    assert outcome.saved.customer_id == "ann"


async def test_a_source_that_may_not_be_sealed_stays_as_it_is(database: Database) -> None:
    records = await two_customers(database)
    assert not await merge(records, "guest", "ann", may_seal=lambda source: not source.state.notes)
    assert (await records.get("guest")).customer_id == "guest"
    assert (await records.get("ann")).version == 1
    assert not (await records.get("ann")).absorbed
    assert await merge(records, "guest", "ann", may_seal=lambda source: source.state.notes == ("of guest",))


async def test_whether_it_may_be_sealed_is_asked_again_after_a_lost_race(database: Database) -> None:
    records = await two_customers(database)
    hanging = HangsUntil()
    merging = asyncio.create_task(
        merge(
            notebooks(with_faults(database, hanging)),
            "guest",
            "ann",
            may_seal=lambda source: len(source.state.notes) == 1,
        )
    )
    await hanging.reached.wait()
    await records.run("guest", stamp(), write_down("signed up"))
    hanging.go_on.set()
    assert not await merging
    assert (await records.get("guest")).state.notes == ("of guest", "signed up")


async def test_a_sealed_source_is_not_sealed_by_another_merge(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    assert not await merge(records, "guest", "old", merge_id="mrg_2")
    assert (await records.get("guest")).customer_id == "ann"
    assert not (await records.get("old")).exists


async def test_a_full_source_can_still_be_sealed(database: Database) -> None:
    records = await two_customers(database)
    await records.run("guest", stamp(), write_down("many", *(Noted(f"{number}") for number in range(63))))
    assert await merge(records, "guest", "ann")
    await relay(database, "guest")
    events, head = await records.replay("guest", 60, 100)
    assert [event.header.seq for event in parsed(events)] == [61, 62, 63, 64, 65]
    assert head.seq == 65


async def test_a_merge_finds_room_beyond_what_a_command_may_fill(database: Database) -> None:
    records = notebooks(database)
    for customer_id in ("guest", "ann"):
        await records.run(customer_id, stamp(), write_down("x" * 200_000, Noted("long")))
    assert await merge(records, "guest", "ann")
    with pytest.raises(OmnithreadError, match="RECORD_TOO_LARGE"):
        await records.run("ann", stamp(), write_down("one more"))
    shorter = await records.run("ann", stamp(), lambda saved: Decision(replace(saved.state, notes=("short",))))
    assert shorter.saved.state.notes == ("short",)


async def test_what_is_due_does_not_name_the_sealed(database: Database) -> None:
    records = notebooks(database)
    due = NOON - timedelta(minutes=1)
    await records.run("guest", stamp(), lambda _saved: Decision(Notebook(review_time=due)))
    assert await records.due("review_time", NOON, 10) == ["guest"]
    await merge(records, "guest", "ann")
    assert await records.due("review_time", NOON, 10) == []


async def test_a_customer_is_not_merged_into_itself(database: Database) -> None:
    with pytest.raises(ValueError, match="itself"):
        await merge(notebooks(database), "ann", "ann")


async def test_two_customers_are_not_merged_into_each_other_until_the_first_merge_is_undone(
    database: Database,
) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    with pytest.raises(OmnithreadError, match="MERGE_NOT_POSSIBLE"):
        await merge(records, "ann", "guest", merge_id="mrg_2")
    assert (await records.get("guest")).state.notes == ("of ann", "of guest")
    await records.run("ann", stamp(), write_down("ann goes on"))
    await unmerge(records, "guest", "ann")
    assert await merge(records, "ann", "guest", merge_id="mrg_2")
    assert (await records.get("ann")).customer_id == "guest"
    assert (await records.get("ann")).state.notes == ("of guest", "of ann", "ann goes on")


async def test_nobody_is_merged_under_the_id_of_anothers_merge(database: Database) -> None:
    records = await two_customers(database)
    await records.run("old", stamp(), write_down("of old"))
    await merge(records, "guest", "ann")
    with pytest.raises(OmnithreadError, match="MERGE_NOT_POSSIBLE"):
        await merge(records, "old", "ann")
    await unmerge(records, "guest", "ann")
    assert not await merge(records, "old", "ann")
    await records.run("old", stamp(), write_down("old goes on"))
    assert (await records.get("old")).state.notes == ("of old", "old goes on")
    assert (await records.get("ann")).state.notes == ("of ann",)


async def test_three_customers_are_not_merged_in_a_circle(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    await merge(records, "ann", "old", merge_id="mrg_2")
    with pytest.raises(OmnithreadError, match="MERGE_NOT_POSSIBLE"):
        await merge(records, "old", "guest", merge_id="mrg_3")
    for customer_id in ("guest", "ann", "old"):
        assert (await records.get(customer_id)).customer_id == "old"
    await unmerge(records, "ann", "old", merge_id="mrg_2")
    assert await merge(records, "old", "guest", merge_id="mrg_3")
    for customer_id in ("guest", "ann", "old"):
        assert (await records.get(customer_id)).state.notes == ("of ann", "of guest")
