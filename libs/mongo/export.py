"""Exporting what a service holds about a customer, and about everybody who was merged into them.

Every document of every collection that names one of them, as it is stored, page by page in order of collection and
id. Times become RFC 3339 text, events the fields of their message, other bytes base64; whole numbers beyond 2^53, which
JSON does not hold, text. Left out are hashes of requests, which say nothing to anybody, and one-time
codes, which are for the address that they went to.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message

from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.holdings import Holdings, collections_of, matches_of
from omnithread.common.v1 import privacy_pb2

MOST_PAGE_BYTES = 200 * 1024
"""A page ends early, with at least one document, where more would not fit."""
LARGEST_EXACT = 2**53
LEFT_OUT = frozenset({"_id", "body_hash", "one_time_code"})
EVENT = "event"
READ_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page begins: behind this document."""

    collection: str
    id: str


async def export_page(
    database: Database, holdings: Holdings, customer_ids: Sequence[str], *, after: Place | None, limit: int
) -> tuple[list[privacy_pb2.ExportedDocument], Place | None]:
    """Give at most `limit` documents and 200 KB, and where the next page begins; None at the end."""
    exported: list[privacy_pb2.ExportedDocument] = []
    total_bytes = 0
    for collection in await collections_of(database, holdings):
        if after is not None and collection < after.collection:
            continue
        after_id = after.id if after is not None and collection == after.collection else ""
        for document in await _documents(database, collection, customer_ids, after_id, limit - len(exported) + 1):
            one = _exported(collection, document, holdings.event_type)
            total_bytes += one.ByteSize()
            if exported and (len(exported) == limit or total_bytes > MOST_PAGE_BYTES):
                return exported, Place(exported[-1].collection, exported[-1].id)
            exported.append(one)
    return exported, None


async def _documents(
    database: Database, collection: str, customer_ids: Sequence[str], after_id: str, limit: int
) -> list[Document]:
    found: list[Document] = []
    for match in matches_of(collection, customer_ids):
        beyond = {**match, "_id": {**match.get("_id", {}), "$gt": after_id}}
        with reading():
            cursor = database[collection].find(beyond).sort("_id", 1).limit(limit)
            found += await cursor.batch_size(READ_AT_ONCE).to_list(limit)
    return sorted(found, key=lambda document: str(document["_id"]))[:limit]


def _exported(collection: str, document: Document, event_type: type[Message]) -> privacy_pb2.ExportedDocument:
    one = privacy_pb2.ExportedDocument(collection=collection, id=str(document["_id"]))
    one.content.update(_fields(document, event_type))
    return one


def _fields(document: Mapping[str, Any], event_type: type[Message]) -> dict[str, Any]:
    return {
        name: _event(value, event_type) if name == EVENT else _plain(value, event_type)
        for name, value in document.items()
        if name not in LEFT_OUT
    }


def _plain(value: Any, event_type: type[Message]) -> Any:  # noqa: ANN401  whatever BSON holds, to whatever JSON holds
    match value:
        case None | bool() | str() | float():
            return value
        case int():
            return value if abs(value) <= LARGEST_EXACT else str(value)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case bytes():
            return base64.b64encode(value).decode()
        case Mapping():
            return _fields(value, event_type)
        case Sequence():
            return [_plain(one, event_type) for one in value]
    return str(value)


def _event(value: Any, event_type: type[Message]) -> Any:  # noqa: ANN401  as above
    if not isinstance(value, bytes):
        return _plain(value, event_type)
    try:
        return MessageToDict(event_type.FromString(value), preserving_proto_field_name=True)
    except DecodeError:
        return base64.b64encode(value).decode()
