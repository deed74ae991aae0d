"""What a customer takes in the databases who was identified, filled a cart, said wishes, asked and looked about."""

import asyncio
from collections.abc import Mapping, Sequence

from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient

from deploy.local.plan import SERVICES
from tests.bench.figures import Figure, value
from tests.bench.house import House
from tests.bench.rounds import Effort
from tests.bench.row import Row

NAME = "storage"
KILOBYTE = 1000.0


async def measure(house: House, effort: Effort) -> Sequence[Figure]:
    """Count the bytes of all documents as MongoDB sends them, by service; indexes and compression are not looked at."""
    furnished = await house.usual()
    plan, customers = furnished.company.plan, len(furnished.visitors)
    figures: list[Figure] = []
    for name in SERVICES:
        by_collection = await asyncio.to_thread(_bytes, house.mongo.address.uri, plan.database(name))
        each = {collection: count / customers / KILOBYTE for collection, count in sorted(by_collection.items())}
        figures.append(value(NAME, f"a customer in {name}", rounds=[sum(each.values())], unit="KB", notes=each))
    return figures


def _bytes(uri: str, database: str) -> Mapping[str, int]:
    client: MongoClient[RawBSONDocument]
    with MongoClient(uri, document_class=RawBSONDocument) as client:
        found = client[database]
        return {
            name: sum(len(document.raw) for document in found[name].find()) for name in found.list_collection_names()
        }


ROW = Row(NAME, "bytes of a customer", measure)
