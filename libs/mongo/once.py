"""Documents that only the first one makes: who comes later learns that somebody was faster."""

from pymongo.errors import DuplicateKeyError

from libs.mongo.connection import Collection, Document
from libs.mongo.deadline import Deadline, reading


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
