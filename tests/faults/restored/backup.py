"""A backup of one database through the driver, and putting it back: what was written in between is gone."""

from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

Backup = dict[str, list[dict[str, Any]]]
"""All documents by collection."""


def take(mongo_uri: str, database: str) -> Backup:
    """Read everything. The service is stopped."""
    client: MongoClient[dict[str, Any]]
    with MongoClient(mongo_uri) as client:
        kept: Database[dict[str, Any]] = client[database]
        return {name: list(kept[name].find({})) for name in kept.list_collection_names()}


def put_back(mongo_uri: str, database: str, backup: Backup) -> None:
    """Put everything back as it was; indexes stay. The service is stopped."""
    client: MongoClient[dict[str, Any]]
    with MongoClient(mongo_uri) as client:
        kept: Database[dict[str, Any]] = client[database]
        for name in kept.list_collection_names():
            kept[name].delete_many({})
            if documents := backup.get(name):
                kept[name].insert_many(documents)
