"""The connection to MongoDB, with the guarantees that every promise of ours rests on.

Writes are acknowledged by a majority and its journals, reads see only what a majority holds, from the primary.
The driver repeats reads, never writes: whether a write may be repeated is decided by the write loop, which looks first.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo import ReadPreference
from pymongo.monitoring import CommandListener
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Document: TypeAlias = dict[str, Any]
"""What MongoDB stores; its values are whatever BSON can hold, hence `Any`."""
Client: TypeAlias = AsyncIOMotorClient[Document]
Database: TypeAlias = AsyncIOMotorDatabase[Document]
Collection: TypeAlias = AsyncIOMotorCollection[Document]

CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True)
MAJORITY_JOURNALED = WriteConcern(w="majority", j=True)
MAJORITY_READ = ReadConcern("majority")
LONGEST_CALL_SECONDS = 10.0
"""What one command to MongoDB may take where nothing says less."""


def connect(uri: str, *, app_name: str, listeners: Sequence[CommandListener] = (), max_pool_size: int = 100) -> Client:
    """Make a client for the running event loop. It connects when first used; `close()` it at the end.

    Tracing must have been set up before, since it hooks into clients as they are made.
    """
    return AsyncIOMotorClient(
        uri,
        appname=app_name,
        document_class=dict,
        tz_aware=True,
        w="majority",
        journal=True,
        readConcernLevel="majority",
        readPreference="primary",
        retryReads=True,
        retryWrites=False,
        timeoutMS=int(LONGEST_CALL_SECONDS * 1000),
        maxPoolSize=max_pool_size,
        event_listeners=tuple(listeners),
    )


def database(client: Client, name: str) -> Database:
    """Give one database with the guarantees above, whatever the address said."""
    return client.get_database(
        name,
        codec_options=CODEC,
        read_preference=ReadPreference.PRIMARY,
        read_concern=MAJORITY_READ,
        write_concern=MAJORITY_JOURNALED,
    )
