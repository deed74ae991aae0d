"""The stub gives what a real server gives: the same driver does the same to both, and sees the same."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from libs.mongo.connection import Collection, connect, database, disconnect
from tests.bench.recording import record
from tests.bench.servers import MongoStub

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=UTC)
DOCUMENTS: list[dict[str, Any]] = [
    {"_id": "a", "version": 1, "due": NOW, "outbox": [{"seq": 1, "event": b"x"}, {"seq": 2, "event": b"y"}], "n": 5},
    {"_id": "b", "version": 3, "due": NOW + timedelta(hours=1), "outbox": [], "customer_id": "anna", "n": 7},
    {"_id": "c", "version": 2, "due": None, "relay": {"retry_time": NOW}, "customer_id": "anna", "n": 6},
    {"_id": "d", "version": 2, "pending_customer": "bert", "seq": 2},
    {"_id": "e", "version": 2, "pending_customer": "bert", "seq": 1},
]
QUERIES: list[dict[str, Any]] = [
    {"_id": "a"},
    {"_id": "nobody"},
    {"_id": {"$in": ["a", "e", "nobody"]}},
    {"customer_id": "anna", "n": {"$gte": 6, "$lt": 7}},
    {"pending_customer": {"$in": ["bert", "carl"]}},
    {"due": {"$gt": datetime(1970, 1, 1, tzinfo=UTC), "$lte": NOW}},
    {"due": None},
    {"outbox.seq": {"$gt": 1}},
    {"outbox.seq": 1},
    {"outbox.seq": {"$exists": True}},
    {"relay.retry_time": {"$not": {"$gt": NOW - timedelta(days=1)}}},
    {"$or": [{"n": 5}, {"seq": 1}]},
    {"version": {"$ne": 2}},
    {"version": {"$nin": [1, 2]}},
    {"outbox": {"$elemMatch": {"seq": 2, "event": b"y"}}},
]
PROJECTIONS: list[dict[str, int]] = [{}, {"_id": 1}, {"n": 1, "outbox.seq": 1}, {"outbox.event": 0, "due": 0}]


@pytest.fixture
async def both(mongo_uri: str, unique_prefix: str, tmp_path: Path) -> AsyncIterator[Mapping[str, Collection]]:
    """The same documents on a real server and, as recorded from it, on the stub."""
    name = f"{unique_prefix}_stubbed"
    real = connect(mongo_uri, app_name="real")
    kept = database(real, name)["records"]
    await kept.insert_many(DOCUMENTS)
    await kept.create_index([("n", 1)], name="n_1", sparse=True)
    await asyncio.to_thread(record, mongo_uri, [name], tmp_path / "recorded")
    async with MongoStub(tmp_path / "recorded", folder=tmp_path) as stub:
        stubbed = connect(stub.uri, app_name="stub")
        yield {"real": kept, "stub": database(stubbed, name)["records"]}
        await disconnect(stubbed)
    await real.drop_database(name)
    await disconnect(real)


async def _all(collection: Collection) -> list[dict[str, Any]]:
    return await collection.find({}).sort("_id", 1).to_list(None)


async def test_what_is_looked_for_is_found(both: Mapping[str, Collection]) -> None:
    for query in QUERIES:
        for projection in PROJECTIONS:
            found = {
                name: await one.find(query, projection or None).sort("_id", 1).to_list(None)
                for name, one in both.items()
            }
            assert found["stub"] == found["real"], (query, projection)
            count = {name: await one.count_documents(query) for name, one in both.items()}
            assert count["stub"] == count["real"] == len(found["real"]), query


async def test_it_sorts_and_limits(both: Mapping[str, Collection]) -> None:
    for sort in ([("version", 1), ("_id", -1)], [("n", 1), ("_id", 1)], [("n", -1), ("_id", 1)]):
        found = {name: await one.find({}).sort(sort).limit(3).to_list(None) for name, one in both.items()}
        assert found["stub"] == found["real"], sort


async def test_a_conditional_write_happens_once(both: Mapping[str, Collection]) -> None:
    change = {"$set": {"version": 2, "n": 9}, "$push": {"outbox": {"$each": [{"seq": 3}]}}, "$unset": {"due": ""}}
    for one in both.values():
        assert (await one.update_one({"_id": "a", "version": 1}, change)).modified_count == 1
        assert (await one.update_one({"_id": "a", "version": 1}, change)).matched_count == 0
        await one.update_one({"_id": "a"}, {"$pull": {"outbox": {"seq": {"$lte": 2}}}, "$inc": {"n": 1}})
        await one.update_one({"_id": "f"}, {"$set": {"n": 1}, "$setOnInsert": {"version": 7}}, upsert=True)
        await one.replace_one({"_id": "b", "version": 3}, {"version": 4})
        with pytest.raises(DuplicateKeyError):
            await one.insert_one({"_id": "a"})
    assert await _all(both["stub"]) == await _all(both["real"])


async def test_many_are_written_at_once_and_those_that_were_there_are_told(both: Mapping[str, Collection]) -> None:
    lower = {"_id": "b", "version": {"$lt": 3}}
    for one in both.values():
        with pytest.raises(BulkWriteError) as told:
            await one.bulk_write(
                [InsertOne({"_id": "a"}), InsertOne({"_id": "g", "customer_id": "anna"}), InsertOne({"_id": "h"})],
                ordered=False,
            )
        assert [fault["code"] for fault in told.value.details["writeErrors"]] == [11000]
        with pytest.raises(BulkWriteError):
            await one.bulk_write([ReplaceOne(lower, {"_id": "b", "version": 1}, upsert=True)], ordered=False)
        await one.bulk_write(
            [
                UpdateMany({"customer_id": "anna"}, {"$set": {"seen": True}}),
                UpdateOne({"_id": "d"}, {"$unset": {"pending_customer": ""}}),
            ],
            ordered=False,
        )
        await one.delete_many({"seq": 1})
    assert await _all(both["stub"]) == await _all(both["real"])
    assert await both["stub"].count_documents({"pending_customer": {"$in": ["bert"]}}) == 0


async def test_its_indexes_are_those_that_were_recorded(both: Mapping[str, Collection]) -> None:
    known = {name: set(await one.index_information()) for name, one in both.items()}
    assert known["stub"] == known["real"] == {"_id_", "n_1"}


async def test_what_it_does_not_understand_it_refuses(both: Mapping[str, Collection]) -> None:
    with pytest.raises(OperationFailure, match="not here"):
        await both["stub"].find({"$where": "true"}).to_list(None)
    with pytest.raises(OperationFailure, match="not here"):
        await both["stub"].distinct("n")
