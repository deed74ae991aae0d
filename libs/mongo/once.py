"""Documents that only the first one makes: who comes later learns that somebody was faster."""

from collections.abc import Sequence

from pymongo.errors import BulkWriteError, DuplicateKeyError

from libs.mongo.connection import Collection, Document
from libs.mongo.deadline import Deadline, reading

DUPLICATE_KEY = 11000
INSERT_BATCH = 1000


async def insert_once(collection: Collection, document: Document, deadline: Deadline | None = None) -> bool:
    """Insert a document under its `_id`; False where that is taken, which may be by an earlier try of the same caller.

    Raises DEADLINE_EXCEEDED or DEPENDENCY_UNAVAILABLE where it is not known whether the document is there now.
    """
    with reading(deadline):
        try:
            await collection.insert_one(document)
        except DuplicateKeyError:
            return False
    return True


async def insert_all_once(
    collection: Collection, documents: Sequence[Document], deadline: Deadline | None = None
) -> None:
    """Insert those documents whose `_id` is not taken. One command for every 1000.

    Raises as `insert_once` does; safe to repeat.
    """
    limit = deadline or Deadline()
    for start in range(0, len(documents), INSERT_BATCH):
        with reading(limit):
            try:
                await collection.insert_many(documents[start : start + INSERT_BATCH], ordered=False)
            except BulkWriteError as error:
                unsure = error.details.get("writeConcernErrors")
                if unsure or any(fault["code"] != DUPLICATE_KEY for fault in error.details["writeErrors"]):
                    raise
