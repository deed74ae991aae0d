"""Remembers erasures: one document each, found by its id, by everybody whom it is about, and by when it is due."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from libs.channel import Channel
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.documents import DocumentShape
from libs.mongo.migrate import Index
from libs.timestamps import EPOCH
from services.aggregator.erasure import AreaReceipt, ErasedRow, Erasure

ERASURES = "erasures"
DUE_TIME = "due_time"
ERASURE_INDEXES = (Index(ERASURES, ((DUE_TIME, 1),)), Index(ERASURES, (("customer_ids", 1),)))


def _to_fields(erasure: Erasure) -> Document:
    return {
        "customer_ids": list(erasure.customer_ids),
        "reason": erasure.reason,
        "channel": erasure.channel.to_fields(),
        "actor_id": erasure.actor_id,
        "accept_time": erasure.accept_time,
        "complete_time": erasure.complete_time,
        "pending_areas": list(erasure.pending_areas),
        "receipts": [
            {
                "area": receipt.area,
                "rows": [dataclasses.asdict(row) for row in receipt.rows],
                "erase_time": receipt.erase_time,
            }
            for receipt in erasure.receipts
        ],
        "attempts": erasure.attempts,
        DUE_TIME: erasure.due_time,
    }


def _from_document(document: Mapping[str, Any]) -> Erasure:
    return Erasure(
        erasure_id=document["_id"],
        customer_ids=tuple(document["customer_ids"]),
        reason=document["reason"],
        channel=Channel.from_fields(document["channel"]),
        actor_id=document["actor_id"],
        accept_time=document["accept_time"],
        complete_time=document["complete_time"],
        pending_areas=tuple(document["pending_areas"]),
        receipts=tuple(
            AreaReceipt(
                area=receipt["area"],
                rows=tuple(ErasedRow(**row) for row in receipt["rows"]),
                erase_time=receipt["erase_time"],
            )
            for receipt in document["receipts"]
        ),
        attempts=document["attempts"],
        due_time=document[DUE_TIME],
    )


ERASURE_SHAPE: DocumentShape[Erasure] = DocumentShape(
    empty=lambda key: Erasure(erasure_id=key), to_fields=_to_fields, from_document=_from_document
)


@dataclass(frozen=True, slots=True)
class ErasureFinder:
    """Finds erasures by what is not their id. One indexed query each."""

    database: Database

    async def of_customer(self, customer_id: str) -> str:
        """Give the id of the first accepted erasure of a customer, or of one who was merged into them; "" for none."""
        with reading():
            found = self.database[ERASURES].find({"customer_ids": customer_id}, {"_id": 1, "accept_time": 1})
            rows = await found.sort([("accept_time", 1), ("_id", 1)]).limit(1).to_list(1)
        return str(rows[0]["_id"]) if rows else ""

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Give the ids of at most `limit` erasures whose time has come, longest due first."""
        with reading():
            found = self.database[ERASURES].find({DUE_TIME: {"$gt": EPOCH, "$lte": now}}, {"_id": 1})
            return [row["_id"] for row in await found.sort(DUE_TIME, 1).limit(limit).to_list(limit)]
