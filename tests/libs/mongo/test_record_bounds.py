import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.record import Decision
from tests.libs.mongo.faults import HangsUntil, with_faults
from tests.libs.mongo.notebook import (
    NOON,
    SHAPE,
    STORE,
    Notebook,
    Noted,
    SetClock,
    notebooks,
    relay,
    stamp,
    write_down,
)


async def test_a_request_dropped_128_requests_ago_is_too_old_on_its_channel(database: Database) -> None:
    clock = SetClock()
    records = notebooks(database, clock=clock)
    first = stamp(issue_time=clock.now)
    await records.run("ann", first, write_down("first"))
    for _ in range(128):
        clock.advance(seconds=1)
        await records.run("ann", stamp(issue_time=clock.now), lambda saved: Decision(saved.state))
    stored = await database["records"].find_one({"_id": "ann"})
    assert stored is not None
    assert len(stored["requests"]) == 128
    with pytest.raises(OmnithreadError, match="REQUEST_TOO_OLD"):
        await records.run("ann", first, write_down("first"))
    late_at_the_till = await records.run("ann", replace(first, origin=STORE), write_down("second"))
    assert late_at_the_till.saved.state.notes == ("first", "second")


async def test_a_full_outbox_refuses_until_the_relay_has_taken_it(database: Database) -> None:
    records = notebooks(database)
    await records.run("ann", stamp(), write_down("many", *(Noted(f"{number}") for number in range(64))))
    asked = stamp()
    with pytest.raises(OmnithreadError, match="OUTBOX_FULL"):
        await records.run("ann", asked, write_down("one more"))
    await relay(database, "ann")
    assert (await records.run("ann", asked, write_down("one more"))).saved.seq == 65


async def test_writing_does_not_bring_back_what_the_relay_took_meanwhile(database: Database) -> None:
    await notebooks(database).run("ann", stamp(), write_down("milk"))
    hanging = HangsUntil()
    writing = asyncio.create_task(notebooks(with_faults(database, hanging)).run("ann", stamp(), write_down("bread")))
    await hanging.reached.wait()
    await relay(database, "ann")
    hanging.go_on.set()
    assert (await writing).saved.version == 2
    stored = await database["records"].find_one({"_id": "ann"})
    assert stored is not None
    assert [entry["seq"] for entry in stored["outbox"]] == [2]


async def test_a_record_has_a_size_limit_and_can_be_made_smaller_again(database: Database) -> None:
    records = notebooks(database)
    await records.run("ann", stamp(), write_down("x" * 200_000, Noted("long")))
    with pytest.raises(OmnithreadError, match="RECORD_TOO_LARGE"):
        await records.run("ann", stamp(), write_down("y" * 70_000, Noted("longer")))
    await database["records"].update_one({"_id": "ann"}, {"$set": {"notes": ["x" * 300_000]}})
    with pytest.raises(OmnithreadError, match="RECORD_TOO_LARGE"):
        await records.run("ann", stamp(), write_down("and more"))
    cleared = await records.run("ann", stamp(), lambda saved: Decision(replace(saved.state, notes=("x" * 290_000,))))
    assert cleared.saved.version == 2


async def test_bytes_that_wait_for_the_relay_are_in_the_way_only_for_a_while(database: Database) -> None:
    records = notebooks(database)
    await records.run("ann", stamp(), write_down("a", Noted("x" * 150_000, filed_as="note-1")))
    asked = stamp()
    with pytest.raises(OmnithreadError, match="OUTBOX_FULL"):
        await records.run("ann", asked, write_down("b", Noted("x" * 150_000, filed_as="note-2")))
    await relay(database, "ann")
    await records.run("ann", asked, write_down("b", Noted("x" * 150_000, filed_as="note-2")))


async def test_a_state_may_not_use_the_records_own_fields(database: Database) -> None:
    shape = replace(SHAPE, to_fields=lambda _notebook: {"version": 7})
    with pytest.raises(ValueError, match="version"):
        await notebooks(database, shape=shape).run("ann", stamp(), write_down("milk"))


async def test_times_are_kept_as_mongodb_keeps_them(database: Database) -> None:
    odd = NOON + timedelta(microseconds=1999)
    records = notebooks(database, clock=lambda: odd)
    asked = stamp(issue_time=odd)
    outcome = await records.run("ann", asked, lambda _saved: Decision(Notebook(review_time=odd)))
    assert outcome.saved.state.review_time == NOON + timedelta(milliseconds=1)
    assert outcome.saved.update_time == (await records.get("ann")).update_time


async def test_the_update_time_never_turns_back(database: Database) -> None:
    clock = SetClock()
    records = notebooks(database, clock=clock)
    await records.run("ann", stamp(), write_down("milk"))
    clock.advance(minutes=-1)
    outcome = await records.run("ann", stamp(), write_down("bread"))
    assert outcome.saved.update_time == NOON
