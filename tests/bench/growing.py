"""Databases that have grown: the same documents, and many more like them beside."""

import copy
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from pymongo import ASCENDING, MongoClient
from pymongo.database import Database

BATCH = 500


def copy_of(uri: str, source: str, target: str, *, times: int) -> int:
    """Copy a database, and put `times - 1` others beside each of its customers; give how many there are then."""
    client: MongoClient[dict[str, Any]]
    with MongoClient(uri, document_class=dict) as client:
        for name in client[source].list_collection_names():
            _copy_indexes(client[source], client[target], name)
            documents = client[source][name].find()
            for batch in _batches(documents):
                client[target][name].insert_many(batch)
        originals = list(client[source]["records"].find())
        others = (
            copy.copy(record) | {"_id": f"{record['_id']}_{number}", "outbox": []}
            for number in range(1, times)
            for record in originals
        )
        for batch in _batches(others):
            client[target]["records"].insert_many(batch, ordered=False)
        return client[target]["records"].count_documents({})


def lengthen_journey(uri: str, database: str, customer_id: str, *, touchpoints: int) -> None:
    """Put so many touchpoints more between the first and the last of a customer."""
    client: MongoClient[dict[str, Any]]
    with MongoClient(uri, document_class=dict) as client:
        kept = client[database]["touchpoints"]
        theirs = list(kept.find({"customer_id": customer_id}).sort("sort_time", ASCENDING))
        first, last = theirs[0]["sort_time"], theirs[-1]["sort_time"]
        more = (
            {
                **theirs[0],
                "_id": f"{theirs[0]['_id']}_{number}",
                "sort_time": first + (last - first) * number / touchpoints,
            }
            for number in range(1, touchpoints)
        )
        for batch in _batches(more):
            kept.insert_many(batch, ordered=False)


def _copy_indexes(source: Database[dict[str, Any]], target: Database[dict[str, Any]], name: str) -> None:
    for index, told in source[name].index_information().items():
        if index != "_id_":
            options = {word: told[word] for word in ("unique", "sparse", "expireAfterSeconds") if word in told}
            target[name].create_index(list(told["key"]), name=index, **options)


def _batches(documents: Any) -> Iterator[Sequence[dict[str, Any]]]:  # a cursor, or what makes documents
    rest = iter(documents)
    while batch := list(itertools.islice(rest, BATCH)):
        yield batch
