from dataclasses import replace
from datetime import timedelta

import pytest

from libs.errors import OmnithreadError, not_found
from libs.mongo.connection import Database
from libs.mongo.record import Decision, Saved
from libs.timestamps import from_timestamp
from tests.libs.mongo.conftest import CommandLog
from tests.libs.mongo.notebook import (
    EPOCH,
    NOON,
    SHAPE,
    WEB,
    Notebook,
    Noted,
    NoteDecision,
    notebooks,
    parsed,
    stamp,
    write_down,
)


async def test_a_command_costs_one_read_and_one_write(database: Database, commands: CommandLog) -> None:
    records = notebooks(database)
    await records.run("ann", stamp(), write_down("milk"))
    assert commands.names == ["find", "insert"]
    commands.sent.clear()
    await records.run("ann", stamp(), write_down("bread"))
    assert commands.names == ["find", "update"]
    update = commands.sent[1].command
    assert update["writeConcern"] == {"w": "majority", "j": True}
    assert commands.sent[0].command["readConcern"] == {"level": "majority"}
    assert set(update["updates"][0]["u"]) == {"$set", "$push"}


async def test_what_was_answered_is_what_every_reader_sees(database: Database) -> None:
    records = notebooks(database)
    await records.run("ann", stamp(), write_down("milk"))
    outcome = await records.run("ann", stamp(), write_down("bread", Noted("bread", filed_as="note-1")))
    assert outcome.saved.state.notes == ("milk", "bread")
    assert (outcome.saved.version, outcome.saved.seq, outcome.saved.exists) == (2, 2, True)
    read = await records.get("ann")
    pending = [(member.collection, member.id, dict(member.document)) for member in outcome.saved.pending_members]
    assert pending == [(member.collection, member.id, dict(member.document)) for member in read.pending_members]
    assert replace(read, pending_members=()) == replace(outcome.saved, pending_members=())
    assert read.etag() == outcome.saved.etag()
    assert read.head().seq == 2
    assert read.head().epoch == EPOCH


async def test_a_customer_without_a_record_has_an_empty_state(database: Database) -> None:
    saved = await notebooks(database).get("nobody")
    assert (saved.exists, saved.version, saved.seq, saved.state) == (False, 0, 0, Notebook())
    assert saved.lineage == ("nobody",)


async def test_events_say_whose_when_where_and_in_which_order(database: Database) -> None:
    shape = replace(SHAPE, occur_time=lambda _event: NOON - timedelta(hours=1))
    records = notebooks(database, shape=shape)
    origin = replace(WEB, session_id="ses_1", actor_id="bob", journey_id="jrn_1")
    await records.run("ann", stamp(origin=origin), write_down("a", Noted("one"), Noted("two")))
    events, head = await records.replay("ann", 0, 10)
    first, second = parsed(events)
    assert (first.header.seq, second.header.seq, head.seq) == (1, 2, 2)
    assert first.header.event_id != second.header.event_id
    assert first.header.customer_id == "ann"
    assert (first.header.version, first.header.epoch) == (1, EPOCH)
    assert (first.header.channel.id, first.header.channel.kind) == ("web-shop", WEB.channel_kind)
    assert (first.header.session_id, first.header.actor_id) == ("ses_1", "bob")
    assert first.header.traceparent == WEB.traceparent
    assert from_timestamp(first.header.occur_time) == NOON - timedelta(hours=1)
    assert from_timestamp(first.header.record_time) == NOON
    stored = await database["records"].find_one({"_id": "ann"})
    assert stored is not None
    assert stored["outbox"][0]["journey_id"] == "jrn_1"


async def test_a_retry_is_answered_with_the_same_facts_and_the_present_state(database: Database) -> None:
    records = notebooks(database)
    asked = stamp("milk")
    first = await records.run("ann", asked, write_down("milk", line_id="lin_1"))
    await records.run("ann", stamp(), write_down("bread"))
    again = await notebooks(database).run("ann", asked, write_down("milk", line_id="lin_2"))
    assert (first.replayed, again.replayed) == (False, True)
    assert again.facts == {"line_id": "lin_1"}
    assert again.saved.state.notes == ("milk", "bread")


async def test_a_request_id_with_another_body_is_refused(database: Database) -> None:
    records = notebooks(database)
    await records.run("ann", stamp("milk", request_id="the-very-same-id"), write_down("milk"))
    with pytest.raises(OmnithreadError, match="REQUEST_ID_REUSED"):
        await records.run("ann", stamp("beer", request_id="the-very-same-id"), write_down("beer"))
    assert (await records.get("ann")).state.notes == ("milk",)


async def test_a_clock_far_ahead_learns_the_servers_time(database: Database) -> None:
    with pytest.raises(OmnithreadError, match="CLOCK_SKEW") as caught:
        await notebooks(database).run("ann", stamp(issue_time=NOON + timedelta(minutes=2)), write_down("milk"))
    assert caught.value.metadata["server_time"].startswith("2026-11-22T12:00:00")


async def test_a_refusal_reaches_the_caller_and_leaves_nothing(database: Database, commands: CommandLog) -> None:
    def refuse(_saved: Saved[Notebook]) -> NoteDecision:
        raise not_found("LINE_NOT_FOUND", "no such line")

    def fail(_saved: Saved[Notebook]) -> NoteDecision:
        raise ZeroDivisionError

    records = notebooks(database)
    asked = stamp()
    with pytest.raises(OmnithreadError, match="LINE_NOT_FOUND"):
        await records.run("ann", asked, refuse)
    with pytest.raises(ZeroDivisionError):
        await records.run("ann", asked, fail)
    assert commands.names == ["find", "find"]
    assert not (await records.run("ann", asked, write_down("milk"))).replayed


async def test_a_decision_that_changed_nothing_is_remembered_too(database: Database) -> None:
    records = notebooks(database)
    asked = stamp()
    await records.run("ann", asked, lambda saved: Decision(saved.state, (), {"outcome": "nothing to do"}))
    again = await records.run("ann", asked, write_down("milk"))
    assert again.replayed
    assert again.facts == {"outcome": "nothing to do"}
    assert (again.saved.version, again.saved.seq) == (1, 0)


async def test_what_was_saved_is_told_to_the_relay(database: Database) -> None:
    told: list[str] = []
    records = notebooks(database, on_saved=told.append)
    asked = stamp()
    await records.run("ann", asked, write_down("milk"))
    await records.run("ann", asked, write_down("milk"))
    assert told == ["ann"]


async def test_a_request_can_be_looked_up_without_writing(database: Database, commands: CommandLog) -> None:
    records = notebooks(database)
    asked = stamp("milk")
    await records.run("ann", asked, write_down("milk", line_id="lin_1"))
    commands.sent.clear()
    found = await records.recall("ann", asked)
    assert found is not None
    assert found.facts == {"line_id": "lin_1"}
    assert await records.recall("ann", stamp()) is None
    assert await records.recall("nobody", asked) is None
    with pytest.raises(OmnithreadError, match="REQUEST_ID_REUSED"):
        await records.recall("ann", stamp("beer", request_id=asked.request_id))
    assert set(commands.names) == {"find"}


async def test_many_records_come_with_one_query(database: Database, commands: CommandLog) -> None:
    records = notebooks(database)
    for customer_id in ("ann", "bob"):
        await records.run(customer_id, stamp(), write_down(f"of {customer_id}"))
    commands.sent.clear()
    found = await records.get_many(["ann", "bob", "nobody"])
    assert {customer_id: saved.state.notes for customer_id, saved in found.items()} == {
        "ann": ("of ann",),
        "bob": ("of bob",),
    }
    assert commands.names == ["find"]


async def test_what_is_due_comes_longest_due_first(database: Database) -> None:
    records = notebooks(database)
    for customer_id, minutes in (("ann", -1), ("bob", -5), ("cat", 5), ("dan", None)):
        due = None if minutes is None else NOON + timedelta(minutes=minutes)
        await records.run(customer_id, stamp(), lambda _saved, due=due: Decision(Notebook(review_time=due)))  # type: ignore[misc]
    assert await records.due("review_time", NOON, 10) == ["bob", "ann"]
    assert await records.due("review_time", NOON, 1) == ["bob"]
