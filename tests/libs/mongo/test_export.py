"""An export has every document that names the customer, whatever collection it is in."""

import base64
from datetime import UTC, datetime

from google.protobuf.json_format import MessageToDict

from libs.mongo.connection import Database
from libs.mongo.export import MOST_PAGE_BYTES, Place, export_page
from omnithread.common.v1.privacy_pb2 import ExportedDocument
from tests.libs.mongo.forgetting import HOLDINGS, everything, live
from tests.libs.mongo.notebook import merge


async def export(database: Database, *customer_ids: str, limit: int = 100) -> list[ExportedDocument]:
    documents: list[ExportedDocument] = []
    after: Place | None = None
    while True:
        page, after = await export_page(database, HOLDINGS, customer_ids, after=after, limit=limit)
        assert len(page) <= limit
        documents += page
        if after is None:
            return documents


async def test_every_document_of_the_customer_is_in_it_and_nobody_elses(database: Database) -> None:
    records = await live(database, "ann", "guest", "eve")
    await merge(records, "guest", "ann")
    await database["cursors"].insert_one({"_id": "cart:ann", "customer_id": "ann", "seq": 4})
    await database["a_list_of_tomorrow"].insert_one({"_id": "ann", "text": "new"})
    mine = {
        (name, row["_id"])
        for name, rows in (await everything(database)).items()
        for row in rows
        if {row["_id"], row.get("customer_id")} & {"ann", "guest"}
    }
    for limit in (1, 3, 100):
        exported = [(one.collection, one.id) for one in await export(database, "ann", "guest", limit=limit)]
        assert exported == sorted(mine)


async def test_times_events_and_bytes_can_be_read(database: Database) -> None:
    await live(database, "ann")
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    row = {"_id": "x", "customer_id": "ann", "at": noon, "raw": b"\0\1", "deep": [{"n": 2**60, "m": 3, "no": None}]}
    await database["things"].insert_one(row)
    found = {one.collection: MessageToDict(one.content) for one in await export(database, "ann")}
    assert found["things"] == {
        "customer_id": "ann",
        "at": "2026-11-22T12:00:00.000Z",
        "raw": base64.b64encode(b"\0\1").decode(),
        "deep": [{"n": str(2**60), "m": 3, "no": None}],
    }
    assert found["events"]["event"]["cart_id"] == "a note"
    assert found["records"]["outbox"][0]["members"][0]["document"]["state"] == "quietword state"
    assert "body_hash" not in str(found)


async def test_a_page_is_bounded_by_its_bytes_too(database: Database) -> None:
    for number in range(5):
        await database["things"].insert_one(
            {"_id": f"x{number}", "customer_id": "ann", "text": "x" * (MOST_PAGE_BYTES // 2)}
        )
    page, after = await export_page(database, HOLDINGS, ["ann"], after=None, limit=100)
    assert [one.id for one in page] == ["x0"]
    assert after == Place("things", "x0")
    assert [one.id for one in await export(database, "ann")] == [f"x{number}" for number in range(5)]
