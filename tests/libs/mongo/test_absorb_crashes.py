import asyncio
import functools
from collections.abc import Sequence

import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from tests.libs.mongo.faults import (
    Crash,
    Fault,
    HangsUntil,
    crashes_after,
    crashes_before,
    no_fault,
    reply_is_lost,
    with_faults,
)
from tests.libs.mongo.notebook import (
    merge,
    notebooks,
    parsed,
    stamp,
    two_customers,
    until_done,
    write_down,
)

CRASHES = [
    pytest.param([*([no_fault] * step), crash], id=f"{crash.__name__} {name}")
    for step, name in enumerate(("sealing", "taking over", "marking"))
    for crash in (crashes_before, crashes_after)
]


@pytest.mark.parametrize("faults", CRASHES)
async def test_a_merge_that_crashed_anywhere_is_finished_by_the_next_try(
    database: Database, faults: Sequence[Fault]
) -> None:
    await two_customers(database)
    with pytest.raises(Crash):
        await merge(notebooks(with_faults(database, *faults)), "guest", "ann")
    records = notebooks(database)
    await merge(records, "guest", "ann")
    assert not await merge(records, "guest", "ann")
    survivor = await records.get("guest")
    assert survivor.state.notes == ("of ann", "of guest")
    assert survivor.lineage == ("ann", "guest")
    assert (await records.get_exact("guest")).absorption_done
    assert [event.cart_id for event in parsed((await records.replay("ann", 0, 10))[0])] == ["of ann", "took over guest"]


@pytest.mark.parametrize("step", range(2))
async def test_a_lost_reply_in_a_merge_does_nothing_twice(database: Database, step: int) -> None:
    await two_customers(database)
    assert await merge(notebooks(with_faults(database, *([no_fault] * step), reply_is_lost)), "guest", "ann")
    assert (await notebooks(database).get("ann")).state.notes == ("of ann", "of guest")


async def test_a_merge_whose_mark_was_not_acknowledged_is_asked_for_again(database: Database) -> None:
    await two_customers(database)
    records = notebooks(with_faults(database, no_fault, no_fault, reply_is_lost))
    with pytest.raises(OmnithreadError, match="DEPENDENCY_UNAVAILABLE"):
        await merge(records, "guest", "ann")
    assert not await merge(records, "guest", "ann")
    assert (await records.get_exact("guest")).absorption_done


@pytest.mark.parametrize("faults", CRASHES)
async def test_a_survivor_that_is_merged_on_after_a_crash_passes_everything_on(
    database: Database, faults: Sequence[Fault]
) -> None:
    await two_customers(database)
    records = notebooks(database)
    await records.run("old", stamp(), write_down("of old"))
    with pytest.raises(Crash):
        await merge(notebooks(with_faults(database, *faults)), "guest", "ann")
    await merge(records, "ann", "old", merge_id="mrg_2")
    for survivor_as_named in ("ann", "old"):
        await merge(records, "guest", survivor_as_named)
    remaining = await records.get("guest")
    assert remaining.customer_id == "old"
    assert sorted(remaining.state.notes) == ["of ann", "of guest", "of old"]
    assert sorted(remaining.lineage) == ["ann", "guest", "old"]
    assert sorted(remaining.absorbed) == ["mrg_1", "mrg_2"]


async def test_many_who_absorb_the_same_merge_at_once_do_it_once(database: Database) -> None:
    await two_customers(database)
    processes = [notebooks(database) for _ in range(6)]
    results = await asyncio.gather(*(merge(records, "guest", "ann") for records in processes))
    assert sorted(results) == [False] * 5 + [True]
    assert (await processes[0].get("ann")).state.notes == ("of ann", "of guest")


async def test_what_is_written_to_both_while_they_are_merged_is_kept(database: Database) -> None:
    processes = [await two_customers(database), *(notebooks(database) for _ in range(3))]

    async def writes(number: int) -> None:
        customer_id, records = ("guest", "ann")[number % 2], processes[number % 4]
        for turn in range(4):
            command = functools.partial(records.run, customer_id, stamp(), write_down(f"{number}/{turn}"))
            await until_done(command)

    merges = until_done(lambda: merge(processes[0], "guest", "ann"))
    await asyncio.gather(*(writes(number) for number in range(8)), merges)
    remaining = await processes[0].get("guest")
    wanted = [f"{number}/{turn}" for number in range(8) for turn in range(4)]
    assert sorted(remaining.state.notes) == sorted(["of guest", "of ann", *wanted])


async def test_crossing_chains_of_merges_lose_nothing(database: Database) -> None:
    records = notebooks(database)
    for number in range(6):
        await records.run(f"c{number}", stamp(), write_down(f"of c{number}"))
    merges = [("c5", "c4", "m5"), ("c4", "c3", "m4"), ("c3", "c0", "m3"), ("c2", "c1", "m2"), ("c1", "c0", "m1")]

    async def carry_out(source: str, survivor: str, merge_id: str) -> None:
        process = notebooks(database)
        await until_done(lambda: merge(process, source, survivor, merge_id=merge_id))

    await asyncio.gather(*(carry_out(*one) for one in merges), *(carry_out(*one) for one in reversed(merges)))
    remaining = await records.get("c5")
    assert remaining.customer_id == "c0"
    assert sorted(remaining.state.notes) == [f"of c{number}" for number in range(6)]
    assert sorted(remaining.lineage) == [f"c{number}" for number in range(6)]


async def test_a_write_to_the_source_that_was_overtaken_by_the_seal_goes_to_the_survivor(database: Database) -> None:
    await two_customers(database)
    hanging = HangsUntil()
    slow = asyncio.create_task(notebooks(with_faults(database, hanging)).run("guest", stamp(), write_down("milk")))
    await hanging.reached.wait()
    records = notebooks(database)
    await merge(records, "guest", "ann")
    hanging.go_on.set()
    assert (await slow).saved.customer_id == "ann"
    assert (await records.get("ann")).state.notes == ("of ann", "of guest", "milk")
    assert (await records.get_exact("guest")).state.notes == ("of guest",)
