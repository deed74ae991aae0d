"""Small documents that several processes change at once: no change is written over another."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pymongo import MongoClient

from libs.errors import OmnithreadError, conflict
from libs.mongo.connection import Database, Document
from libs.mongo.revised import RevisedDocuments

NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)


def counts_in(database: Database) -> RevisedDocuments:
    return RevisedDocuments(database["counts"], lifetime=timedelta(minutes=15), clock=lambda: NOON)


def one_more(found: Document | None) -> Document:
    return {"number": (found["number"] if found else 0) + 1}


async def test_what_two_processes_count_at_once_is_counted_or_refused(database: Database) -> None:
    one, other = counts_in(database), counts_in(database)
    written = await asyncio.gather(*((one, other)[number % 2].change("visits", one_more) for number in range(20)))
    document = await database["counts"].find_one({"_id": "visits"})
    assert document is not None
    assert document["number"] == document["revision"] == sum(written) > 0
    assert document["expire_time"] == NOON + timedelta(minutes=15)


async def test_only_a_new_document_has_the_fields_of_the_first(database: Database) -> None:
    counts = counts_in(database)
    for customer_id in ("cus_1", "cus_2"):
        assert await counts.change("visits", one_more, first={"customer_id": customer_id})
    document = await database["counts"].find_one({"_id": "visits"})
    assert document is not None
    assert (document["customer_id"], document["number"]) == ("cus_1", 2)


async def test_who_changes_nothing_or_is_refused_writes_nothing(database: Database) -> None:
    counts = counts_in(database)

    def refuse(_found: Document | None) -> Document:
        raise conflict()

    assert await counts.change("visits", lambda _found: None)
    with pytest.raises(OmnithreadError):
        await counts.change("visits", refuse)
    assert await database["counts"].find_one({"_id": "visits"}) is None


async def test_who_is_beaten_at_every_try_is_told(database: Database, mongo_uri: str) -> None:
    counts = counts_in(database)
    other: MongoClient[Document] = MongoClient(mongo_uri)
    beaten = other[database.name]["counts"]  # blocks, and so writes between a read and its write, at once

    def decide(found: Document | None) -> Document:
        beaten.replace_one(
            {"_id": "visits"}, {"number": 0, "revision": (found or {}).get("revision", 0) + 7}, upsert=True
        )
        return {"number": 99}

    assert not await counts.change("visits", decide, tries=3)
    other.close()
    document = await database["counts"].find_one({"_id": "visits"})
    assert document is not None
    assert document["number"] == 0
