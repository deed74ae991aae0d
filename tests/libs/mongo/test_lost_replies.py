import asyncio

import pytest
from pymongo.errors import DuplicateKeyError

from libs.errors import OmnithreadError, not_found
from libs.mongo.connection import Database
from libs.mongo.loop import MAX_TRIES
from libs.mongo.record import Saved
from libs.rpc.call import CURRENT_CALL, Call, Caller
from tests.libs.mongo.faults import (
    ArrivesLate,
    Fault,
    HangsUntil,
    Write,
    is_not_replicated_in_time,
    never_arrives,
    no_server,
    reply_is_lost,
    with_faults,
)
from tests.libs.mongo.notebook import Notebook, NoteDecision, notebooks, stamp, write_down


@pytest.fixture
async def written_before(database: Database) -> Database:
    await notebooks(database).run("ann", stamp(), write_down("before"))
    return database


@pytest.mark.parametrize("fault", [reply_is_lost, is_not_replicated_in_time, never_arrives])
async def test_after_a_lost_reply_the_command_was_carried_out_once(written_before: Database, fault: Fault) -> None:
    records = notebooks(with_faults(written_before, fault))
    outcome = await records.run("ann", stamp(), write_down("milk", line_id="lin_1"))
    assert outcome.facts == {"line_id": "lin_1"}
    assert not outcome.replayed
    assert outcome.saved.state.notes == ("before", "milk")
    assert (outcome.saved.version, outcome.saved.seq) == (2, 2)


@pytest.mark.parametrize("fault", [reply_is_lost, is_not_replicated_in_time, never_arrives])
async def test_a_lost_reply_to_a_first_write_does_no_harm(database: Database, fault: Fault) -> None:
    asked_for: list[str] = []

    async def admit(customer_id: str) -> str:
        asked_for.append(customer_id)
        return customer_id if len(asked_for) == 1 else "somebody-else"

    records = notebooks(with_faults(database, fault), admit=admit)
    outcome = await records.run("ann", stamp(), write_down("milk"))
    assert outcome.saved.customer_id == "ann"
    assert (await records.get("ann")).state.notes == ("milk",)
    assert asked_for == ["ann"]


async def test_what_the_relay_must_know_is_told_after_a_lost_reply_too(written_before: Database) -> None:
    told: list[str] = []
    records = notebooks(with_faults(written_before, reply_is_lost), on_saved=told.append)
    await records.run("ann", stamp(), write_down("milk"))
    assert told == ["ann"]


async def test_a_write_that_arrives_before_its_repetition_wins(written_before: Database) -> None:
    late = ArrivesLate()

    async def after_the_late_one(write: Write) -> object:
        await late.arrive()
        return await write()

    records = notebooks(with_faults(written_before, late, after_the_late_one))
    outcome = await records.run("ann", stamp(), write_down("milk"))
    assert outcome.saved.state.notes == ("before", "milk")
    assert outcome.saved.version == 2


async def test_a_write_that_arrives_after_its_repetition_has_lost(written_before: Database) -> None:
    late = ArrivesLate()
    records = notebooks(with_faults(written_before, late))
    await records.run("ann", stamp(), write_down("milk"))
    await late.arrive()
    assert (await records.get("ann")).state.notes == ("before", "milk")


async def test_a_first_write_that_arrives_after_its_repetition_has_lost(database: Database) -> None:
    late = ArrivesLate()
    records = notebooks(with_faults(database, late))
    await records.run("ann", stamp(), write_down("milk"))
    with pytest.raises(DuplicateKeyError):
        await late.arrive()
    assert (await records.get("ann")).state.notes == ("milk",)


async def test_what_stays_open_is_answered_as_unknown_and_found_by_a_retry(written_before: Database) -> None:
    late = ArrivesLate()
    records = notebooks(with_faults(written_before, late, *([never_arrives] * (MAX_TRIES - 1))))
    asked = stamp()
    with pytest.raises(OmnithreadError, match="OUTCOME_UNKNOWN"):
        await records.run("ann", asked, write_down("milk"))
    await late.arrive()
    again = await records.run("ann", asked, write_down("milk"))
    assert again.replayed
    assert again.saved.state.notes == ("before", "milk")


async def test_no_refusal_is_answered_while_a_write_is_open(written_before: Database) -> None:
    tries: list[int] = []

    def refuse_the_second_time(saved: Saved[Notebook]) -> NoteDecision:
        tries.append(saved.version)
        if len(tries) > 1:
            raise not_found("LINE_NOT_FOUND", "too late for that")
        return write_down("milk")(saved)

    records = notebooks(with_faults(written_before, never_arrives))
    with pytest.raises(OmnithreadError, match="OUTCOME_UNKNOWN"):
        await records.run("ann", stamp(), refuse_the_second_time)
    assert tries == [1, 1]


async def test_a_refusal_is_answered_once_an_open_write_has_surely_lost(written_before: Database) -> None:
    async def loses(_write: Write) -> object:
        await notebooks(written_before).run("ann", stamp(), write_down("faster"))
        return await never_arrives(_write)

    def only_on_the_first_version(saved: Saved[Notebook]) -> NoteDecision:
        if saved.version > 1:
            raise not_found("LINE_NOT_FOUND", "somebody was faster")
        return write_down("milk")(saved)

    with pytest.raises(OmnithreadError, match="LINE_NOT_FOUND"):
        await notebooks(with_faults(written_before, loses)).run("ann", stamp(), only_on_the_first_version)


async def test_without_a_server_nothing_was_done_and_that_is_said(written_before: Database) -> None:
    with pytest.raises(OmnithreadError, match="DEPENDENCY_UNAVAILABLE") as caught:
        await notebooks(with_faults(written_before, no_server)).run("ann", stamp(), write_down("milk"))
    assert caught.value.metadata["dependency"] == "mongodb"


async def test_a_caller_who_hangs_up_does_not_hold_up_the_next(written_before: Database) -> None:
    hanging = HangsUntil()
    records = notebooks(with_faults(written_before, hanging))
    impatient = asyncio.create_task(records.run("ann", stamp(), write_down("milk")))
    await hanging.reached.wait()
    waiting = asyncio.create_task(records.run("ann", stamp(), write_down("bread")))
    also_impatient = asyncio.create_task(records.run("ann", stamp(), write_down("beer")))
    await asyncio.sleep(0)
    also_impatient.cancel()
    impatient.cancel()
    outcome = await asyncio.wait_for(waiting, 30)
    assert outcome.saved.state.notes == ("before", "bread")
    for task in (impatient, also_impatient):
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_caller_without_time_is_answered_in_time(written_before: Database) -> None:
    now = asyncio.get_running_loop().time()
    hanging = HangsUntil()
    records = notebooks(with_faults(written_before, hanging))
    blocker = asyncio.create_task(records.run("ann", stamp(), write_down("milk")))
    await hanging.reached.wait()
    token = CURRENT_CALL.set(Call(Caller("web-shop", 1), deadline=now + 0.2))
    try:
        with pytest.raises(OmnithreadError, match="CONFLICT"):
            await records.run("ann", stamp(), write_down("bread"))
        with pytest.raises(OmnithreadError, match="DEADLINE_EXCEEDED"):
            await records.get("ann")
    finally:
        CURRENT_CALL.reset(token)
    hanging.go_on.set()
    await blocker
