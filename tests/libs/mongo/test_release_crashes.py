import asyncio
import functools
from collections.abc import Sequence

import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from tests.libs.mongo.faults import (
    Crash,
    Fault,
    crashes_after,
    crashes_before,
    never_arrives,
    no_fault,
    reply_is_lost,
    with_faults,
)
from tests.libs.mongo.notebook import merge, notebooks, parsed, stamp, two_customers, unmerge, until_done, write_down

STEPS = ("giving up the share", "opening the source", "forgetting the share")
CRASHES = [
    pytest.param([*([no_fault] * step), crash], id=f"{crash.__name__} {name}")
    for step, name in enumerate(STEPS)
    for crash in (crashes_before, crashes_after)
]


async def ends_well(database: Database) -> None:
    records = notebooks(database)
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert (await records.get("ann")).state.notes == ("of ann",)
    stored = await database["records"].find_one({"_id": "ann"})
    assert stored is not None
    assert stored["releasing"] == []
    told = [event.cart_id for event in parsed((await records.replay("guest", 0, 10))[0])]
    assert told == ["of guest", "sealed", "released"]


@pytest.mark.parametrize("faults", CRASHES)
async def test_an_undoing_that_crashed_anywhere_is_finished_by_the_next_try(
    database: Database, faults: Sequence[Fault]
) -> None:
    await merge(await two_customers(database), "guest", "ann")
    with pytest.raises(Crash):
        await unmerge(notebooks(with_faults(database, *faults)), "guest", "ann")
    records = notebooks(database)
    assert not await merge(records, "guest", "ann")
    await unmerge(records, "guest", "ann")
    assert not await unmerge(records, "guest", "ann")
    await ends_well(database)


@pytest.mark.parametrize("faults", [[*([no_fault] * step), crash] for step in range(2) for crash in (crashes_after,)])
async def test_a_merge_that_crashed_before_it_took_over_is_undone_too(
    database: Database, faults: Sequence[Fault]
) -> None:
    await two_customers(database)
    with pytest.raises(Crash):
        await merge(notebooks(with_faults(database, *faults)), "guest", "ann")
    records = notebooks(database)
    assert await unmerge(records, "guest", "ann")
    assert not await merge(records, "guest", "ann")
    await ends_well(database)


@pytest.mark.parametrize("fault", [reply_is_lost, never_arrives])
@pytest.mark.parametrize("step", range(2))
async def test_a_lost_reply_in_an_undoing_does_nothing_twice(database: Database, step: int, fault: Fault) -> None:
    await merge(await two_customers(database), "guest", "ann")
    assert await unmerge(notebooks(with_faults(database, *([no_fault] * step), fault)), "guest", "ann")
    await ends_well(database)


async def test_a_survivor_that_is_merged_on_after_a_crash_leaves_the_source_its_share(database: Database) -> None:
    records = await two_customers(database)
    await records.run("old", stamp(), write_down("of old"))
    await merge(records, "guest", "ann")
    with pytest.raises(Crash):
        await unmerge(notebooks(with_faults(database, crashes_after)), "guest", "ann")
    await merge(records, "ann", "old", merge_id="mrg_2")
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert await unmerge(records, "guest", "ann")
    assert (await records.get("guest")).state.notes == ("of guest",)
    assert (await records.get("ann")).state.notes == ("of old", "of ann")


async def test_many_who_undo_the_same_merge_at_once_do_it_once(database: Database) -> None:
    await merge(await two_customers(database), "guest", "ann")
    processes = [notebooks(database) for _ in range(6)]
    results = await asyncio.gather(*(unmerge(records, "guest", "ann") for records in processes))
    assert sorted(results) == [False] * 5 + [True]
    await ends_well(database)


async def test_a_merge_and_its_undoing_at_once_end_parted(database: Database) -> None:
    for turn in range(5):
        source, survivor, merge_id = f"guest{turn}", f"ann{turn}", f"mrg_{turn}"
        records = notebooks(database)
        await records.run(source, stamp(), write_down("of guest"))
        await records.run(survivor, stamp(), write_down("of ann"))
        merging = functools.partial(merge, notebooks(database), source, survivor, merge_id=merge_id)
        undoing = functools.partial(unmerge, notebooks(database), source, survivor, merge_id=merge_id)
        await asyncio.gather(until_done(merging), until_done(undoing), until_done(merging), until_done(undoing))
        await unmerge(records, source, survivor, merge_id=merge_id)
        assert (await records.get(source)).state.notes == ("of guest",)
        assert (await records.get(survivor)).state.notes == ("of ann",)


async def test_what_is_written_to_both_while_they_are_parted_is_kept_once(database: Database) -> None:
    processes = [await two_customers(database), *(notebooks(database) for _ in range(3))]
    await merge(processes[0], "guest", "ann")

    async def writes(number: int) -> None:
        customer_id, records = ("guest", "ann")[number % 2], processes[number % 4]
        for turn in range(4):
            command = functools.partial(records.run, customer_id, stamp(), write_down(f"{number}/{turn}"))
            await until_done(command)

    undoing = until_done(lambda: unmerge(processes[0], "guest", "ann"))
    await asyncio.gather(*(writes(number) for number in range(8)), undoing)
    both = [note for one in ("guest", "ann") for note in (await processes[0].get(one)).state.notes]
    wanted = [f"{number}/{turn}" for number in range(8) for turn in range(4)]
    assert sorted(both) == sorted(["of guest", "of ann", *wanted])


async def test_a_share_whose_end_was_not_acknowledged_is_asked_for_again(database: Database) -> None:
    await merge(await two_customers(database), "guest", "ann")
    records = notebooks(with_faults(database, no_fault, no_fault, reply_is_lost))
    with pytest.raises(OmnithreadError, match="DEPENDENCY_UNAVAILABLE"):
        await unmerge(records, "guest", "ann")
    assert not await unmerge(records, "guest", "ann")
    await ends_well(database)
