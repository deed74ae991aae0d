"""Reading a list in order of a time and `_id`, from a place in it.

Two queries where one with `$or` would do: each is a plain range of the index, which every server reads as such.
"""

from datetime import datetime

from libs.mongo.connection import Collection, Document
from libs.mongo.deadline import Deadline, reading

Place = tuple[datetime, str]
"""The time and the `_id` of an entry."""


async def read_in_order(
    collection: Collection,
    match: Document,
    *,
    field: str,
    after: Place | None,
    newest_first: bool,
    limit: int,
    deadline: Deadline,
    projection: Document | None = None,
) -> list[Document]:
    """Give at most `limit` documents after a place; without one, from where `match` begins on `field`."""
    direction = -1 if newest_first else 1
    beyond = "$lt" if newest_first else "$gt"

    async def read(conditions: Document, at_most: int) -> list[Document]:
        with reading(deadline):
            cursor = collection.find({**match, **conditions}, projection)
            return await cursor.sort([(field, direction), ("_id", direction)]).limit(at_most).to_list(at_most)

    if after is None:
        return await read({}, limit)
    time, key = after
    same_time = await read({field: time, "_id": {**match.get("_id", {}), beyond: key}}, limit)
    if len(same_time) == limit:
        return same_time
    return same_time + await read({field: {beyond: time}}, limit - len(same_time))
