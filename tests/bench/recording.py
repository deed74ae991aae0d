"""Records databases as they are, for the stub: what a real server holds, byte for byte."""

from collections.abc import Sequence
from pathlib import Path

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient


def record(mongo_uri: str, databases: Sequence[str], folder: Path) -> None:
    """Write all documents and indexes of these databases into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    client: MongoClient[RawBSONDocument]
    with MongoClient(mongo_uri, document_class=RawBSONDocument) as client:
        for database in databases:
            for name in client[database].list_collection_names():
                collection = client[database][name]
                documents = b"".join(document.raw for document in collection.find())
                (folder / f"{database}.{name}.bson").write_bytes(documents)
                indexes = [{"name": index, **dict(told)} for index, told in collection.index_information().items()]
                plain = [{**index, "key": dict(index["key"]), "v": 2} for index in indexes]
                (folder / f"{database}.{name}.indexes").write_bytes(bson.encode({"indexes": plain}))
