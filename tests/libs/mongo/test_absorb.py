import asyncio
import functools
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.record import Decision, Records
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
    NOON,
    Notebook,
    Noted,
    SetClock,
    merge,
    notebooks,
    parsed,
    relay,
    stamp,
    until_done,
    write_down,
)

CRASHES = [
    pytest.param([*([no_fault] * step), crash], id=f"{crash.__name__} {name}")
    for step, name in enumerate(("sealing", "taking over", "marking"))
    for crash in (crashes_before, crashes_after)
]


async def two_customers(database: Database) -> Records[Notebook, Noted]:
    records = notebooks(database)
    await records.run("guest", stamp(), write_down("of guest"))
    await records.run("ann", stamp(), write_down("of ann"))
    return records


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


async def test_a_retry_of_what_the_source_carried_out_is_found_there(database: Database) -> None:
    records = await two_customers(database)
    asked = stamp("milk")
    await records.run("guest", asked, write_down("milk", line_id="lin_1"))
    await merge(records, "guest", "ann")
    again = await records.run("guest", asked, write_down("milk"))
    assert again.replayed
    assert again.facts == {"line_id": "lin_1"}
    assert again.saved.customer_id == "ann"
    assert again.saved.state.notes == ("of ann", "of guest", "milk")
    recalled = await records.recall("guest", asked)
    assert recalled is not None
    assert recalled.saved.customer_id == "ann"
    with pytest.raises(OmnithreadError, match="REQUEST_ID_REUSED"):
        await records.run("guest", stamp("beer", request_id=asked.request_id), write_down("beer"))


async def test_a_command_to_the_source_is_carried_out_on_the_survivor_once(database: Database) -> None:
    records = await two_customers(database)
    await merge(records, "guest", "ann")
    asked = stamp()
    first = await records.run("guest", asked, write_down("milk"))
    again = await records.run("guest", asked, write_down("milk"))
    assert (first.replayed, again.replayed) == (False, True)
    assert first.saved.customer_id == "ann"
    assert again.saved.state.notes == ("of ann", "of guest", "milk")


async def test_a_request_that_the_source_has_dropped_is_too_old_after_the_merge(database: Database) -> None:
    clock = SetClock()
    records = notebooks(database, clock=clock)
    first = stamp(issue_time=NOON)
    await records.run("guest", first, write_down("first"))
    for _ in range(128):
        clock.advance(seconds=1)
        await records.run("guest", stamp(issue_time=clock.now), lambda saved: Decision(saved.state))
    await merge(records, "guest", "ann")
    with pytest.raises(OmnithreadError, match="REQUEST_TOO_OLD"):
        await records.run("guest", first, write_down("first"))


async def test_nobody_decides_on_half_a_customer(database: Database) -> None:
    await two_customers(database)
    with pytest.raises(Crash):
        await merge(notebooks(with_faults(database, crashes_after)), "guest", "ann")
    records = notebooks(database)
    asked = stamp()
    with pytest.raises(OmnithreadError, match="CONFLICT"):
        await records.run("guest", asked, write_down("check out"))
    await merge(records, "guest", "ann")
    outcome = await records.run("guest", asked, write_down("check out"))
    assert outcome.saved.state.notes == ("of ann", "of guest", "check out")


async def test_a_merge_whose_last_mark_is_missing_holds_nobody_up(database: Database) -> None:
    await two_customers(database)
    with pytest.raises(Crash):
        await merge(notebooks(with_faults(database, no_fault, crashes_after)), "guest", "ann")
    outcome = await notebooks(database).run("guest", stamp(), write_down("milk"))
    assert outcome.saved.state.notes == ("of ann", "of guest", "milk")


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


async def test_a_source_and_a_survivor_without_records_can_be_merged(database: Database) -> None:
    records = notebooks(database)
    assert await merge(records, "guest", "ann")
    source = await records.get_exact("guest")
    assert (source.version, source.seq, source.merged_into) == (1, 1, "ann")
    assert (await records.get("guest")).lineage == ("ann", "guest")
    outcome = await records.run("guest", stamp(), write_down("milk"))
    assert outcome.saved.customer_id == "ann"


async def test_a_signpost_is_sealed_by_its_merge_when_that_comes(database: Database) -> None:
    async def admit(_customer_id: str) -> str:
        return "ann"

    records = notebooks(database, admit=admit)
    await records.run("guest", stamp(), write_down("milk"))
    assert (await records.get_exact("guest")).merge_id == ""
    assert await merge(records, "guest", "ann")
    assert not await merge(records, "guest", "ann")
    assert (await records.get("guest")).state.notes == ("milk",)
    assert (await records.get("guest")).lineage == ("ann", "guest")
    assert (await records.get_exact("guest")).seq == 1


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
