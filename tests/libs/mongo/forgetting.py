"""Notebooks that can be forgotten: what tests of erasure and export are told with."""

import re
from typing import Any

from libs.mongo.connection import Database, Document
from libs.mongo.erase import Eraser
from libs.mongo.holdings import Holdings, Kept
from libs.mongo.record import Records
from omnithread.cart.v1.cart_events_pb2 import CartEvent
from omnithread.common.v1.privacy_pb2 import AreaErasure
from tests.libs.mongo.notebook import NOON, STORE, Notebook, Noted, notebooks, relay, stamp, write_down

SECRET = "quietword"
RECEIPTS = "paid_receipts"
HOLDINGS = Holdings(
    area="notebook",
    event_type=CartEvent,
    kept=(Kept(RECEIPTS, "the law", lambda document: {"sum": document["sum"]}),),
    of_nobody=frozenset({"words"}),
)
ALL = ("ann", "guest")


def eraser_of(database: Database, records: Records[Notebook, Noted] | None = None) -> Eraser[Notebook, Noted]:
    return Eraser(
        records=records or notebooks(database),
        database=database,
        holdings=HOLDINGS,
        event=lambda erasure_id, _now: Noted(f"erased {erasure_id}"),
        clock=lambda: NOON,
    )


async def forget(database: Database, *customer_ids: str, erasure_id: str = "era_1") -> AreaErasure:
    return await eraser_of(database).erase(customer_ids or ALL, erasure_id=erasure_id, origin=STORE)


async def live(database: Database, *customer_ids: str) -> Records[Notebook, Noted]:
    """Let customers have everything: notes, requests, filed notes in their list and on their way, a paid receipt."""
    records = notebooks(database)
    for customer_id in customer_ids:
        for number in range(2):
            noted = Noted("a note", filed_as=f"{customer_id}-filed-{number}", state=f"{SECRET} state")
            decide = write_down(f"{SECRET} {number}", noted, fact=f"{SECRET} fact")
            await records.run(customer_id, stamp(), decide)
            if number == 0:
                await relay(database, customer_id)
        paid = {"_id": f"{customer_id}-paid", "customer_id": customer_id, "revision": 1, "sort_time": NOON}
        await database[RECEIPTS].insert_one({**paid, "sum": 89, "text": f"{SECRET} for you"})
    return records


async def everything(database: Database) -> dict[str, list[Document]]:
    """All documents by collection, each in order of ids."""
    names = await database.list_collection_names()
    return {name: await database[name].find().sort("_id", 1).to_list(None) for name in sorted(names)}


def found_in(documents: dict[str, list[Document]], text: str) -> list[str]:
    """Where a text is found, in whatever depth."""
    return [name for name, rows in documents.items() for row in rows if _says(row, text)]


def _says(value: Any, text: str) -> bool:
    match value:
        case dict():
            return any(_says(one, text) for pair in value.items() for one in pair)
        case list():
            return any(_says(one, text) for one in value)
        case bytes():
            return text.encode() in value
    return re.search(text, str(value)) is not None


def without_times_and_events(documents: dict[str, list[Document]]) -> dict[str, Any]:
    """What must be the same however often an erasure was begun: all but the ids of events."""
    states = {name: rows for name, rows in documents.items() if name not in {"events", "meta"}}
    for record in states["records"]:
        record["outbox"] = [entry["seq"] for entry in record["outbox"]]
    return states
