"""Documents of which the newest word stands, whoever says it in which order, and however often."""

from collections.abc import Sequence

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from libs.mongo.connection import Collection, Document
from libs.mongo.deadline import Deadline, reading

_DUPLICATE_KEY = 11000


async def put_newest(
    collection: Collection, documents: Sequence[Document], *, by: str, deadline: Deadline | None = None
) -> None:
    """Put documents under their `_id`s, each only where there is none, or one with an earlier time in `by`.

    One command. Safe to repeat. Raises DEADLINE_EXCEEDED or DEPENDENCY_UNAVAILABLE where not all may be there.
    """
    updates = [
        UpdateOne(
            {"_id": document["_id"], by: {"$lt": document[by]}},
            {"$set": {name: value for name, value in document.items() if name != "_id"}},
            upsert=True,
        )
        for document in documents
    ]
    with reading(deadline):
        try:
            await collection.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            # A later word is there already: it does not match, and the insert finds its `_id` taken.
            if any(fault["code"] != _DUPLICATE_KEY for fault in (error.details or {}).get("writeErrors", ())):
                raise
