import pytest

from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.record import Decision
from tests.libs.mongo.faults import (
    Crash,
    crashes_after,
    no_fault,
    with_faults,
)
from tests.libs.mongo.notebook import (
    NOON,
    SetClock,
    merge,
    notebooks,
    stamp,
    two_customers,
    write_down,
)


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
