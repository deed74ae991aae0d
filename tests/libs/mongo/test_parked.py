"""What is parked is due at once where somebody says so, and nothing else is touched."""

from datetime import UTC, datetime, timedelta

from libs.mongo.connection import Database
from libs.mongo.cursors import Cursors
from libs.mongo.parked import TriedAgain, retry_parked
from libs.mongo.relay_store import RelayStore
from libs.mongo.shapes import CURSORS, EVENTS, RECORDS

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
OTHERS = "other_cursors"


async def park_one_of_each(database: Database) -> None:
    entry = {"seq": 1, "record_time": NOW - timedelta(minutes=1)}
    relay = {"attempts": 7, "retry_time": LATER, "parked_since": NOW}
    await database[RECORDS].insert_many(
        [{"_id": "anna", "outbox": [entry], "relay": relay}, {"_id": "bert", "outbox": [entry]}]
    )
    event = {"seq": 1, "pending_since": LATER, "event_id": "", "event": b"", "record_time": NOW, "traceparent": ""}
    event |= {"journey_id": "", "session_id": "", "channel_id": ""}
    await database[EVENTS].insert_many(
        [
            event | {"_id": "anna/1", "customer_id": "anna", "pending_customer": "anna", "pending_reason": "too large"},
            event | {"_id": "bert/1", "customer_id": "bert", "pending_customer": "bert"},
        ]
    )
    for cursors in (Cursors(database), Cursors(database, OTHERS)):
        fresh = await cursors.get("cart", "anna")
        await cursors.park(fresh, epoch="epo_1", seq=0, reason="poison", retry_time=LATER, now=NOW)
        await cursors.advance(await cursors.get("cart", "bert"), epoch="epo_1", seq=1, now=NOW)


async def due(database: Database) -> tuple[list[str], list[str], list[str]]:
    store = RelayStore(database)
    return (
        sorted(await store.left_behind(before=NOW, now=NOW, limit=10)),
        sorted(await store.unpublished(before=NOW, limit=10)),
        [one.customer_id for name in (CURSORS, OTHERS) for one in await Cursors(database, name).due(now=NOW, limit=10)],
    )


async def test_all_that_is_parked_is_due_at_once_and_what_went_wrong_is_still_known(database: Database) -> None:
    await park_one_of_each(database)
    assert await due(database) == (["bert"], [], [])
    assert await retry_parked(database, [CURSORS, OTHERS]) == TriedAgain(records=1, events=1, streams=2)
    assert await due(database) == (["anna", "bert"], ["anna"], ["anna", "anna"])
    assert (await database[RECORDS].find_one({"_id": "anna"}) or {})["relay"]["attempts"] == 7
    assert (await Cursors(database).get("cart", "anna")).parked_reason == "poison"


async def test_where_nothing_is_parked_nothing_changes(database: Database) -> None:
    assert await retry_parked(database, [CURSORS]) == TriedAgain(records=0, events=0, streams=0)
