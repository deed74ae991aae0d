"""The epoch of a database: a name that changes when it is restored from a backup.

A restore turns versions and event numbers back, which nothing else ever does. Readers that see another epoch than
before start over from the owner, so a restored database gets a new one before its service starts again.
"""

from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.once import insert_once
from libs.mongo.shapes import META

EPOCH_KEY = "epoch"


async def read_epoch(database: Database) -> str | None:
    """Give the epoch; None before the first migration."""
    with reading():
        document = await database[META].find_one({"_id": EPOCH_KEY})
    return None if document is None else str(document["epoch"])


async def ensure_epoch(database: Database, epoch: str) -> str:
    """Give the epoch, which is `epoch` where the database has none yet."""
    if await insert_once(database[META], {"_id": EPOCH_KEY, "epoch": epoch}):
        return epoch
    return await read_epoch(database) or epoch


async def renew_epoch(database: Database, epoch: str) -> None:
    """Begin a new epoch, after a restore and while the service is stopped."""
    with reading():
        await database[META].update_one({"_id": EPOCH_KEY}, {"$set": {"epoch": epoch}}, upsert=True)
