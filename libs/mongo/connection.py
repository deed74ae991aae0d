"""The connection to MongoDB, with the guarantees that every promise of ours rests on.

Writes are acknowledged by a majority and its journals, reads see only what a majority holds, from the primary.
The driver repeats reads, never writes: whether a write may be repeated is decided by the write loop, which looks first.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import pymongo
from bson import decode
from bson.codec_options import CodecOptions
from bson.raw_bson import DEFAULT_RAW_BSON_OPTIONS, RawBSONDocument
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.errors import PyMongoError
from pymongo.monitoring import CommandListener
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from libs.settings import MongoDriver

Document: TypeAlias = dict[str, Any]
"""What MongoDB stores; its values are whatever BSON can hold, hence `Any`."""
Client: TypeAlias = AsyncIOMotorClient[Document]
Database: TypeAlias = AsyncIOMotorDatabase[Document]
Collection: TypeAlias = AsyncIOMotorCollection[Document]

Undecoded: TypeAlias = AsyncIOMotorCollection[RawBSONDocument]
"""A collection whose documents come as the bytes that they are."""

CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True)
MAJORITY_JOURNALED = WriteConcern(w="majority", j=True)
MAJORITY_READ = ReadConcern("majority")
LONGEST_CALL_SECONDS = 10.0
"""What one command to MongoDB may take where nothing says less."""
LONGEST_CONNECT_SECONDS = 3.0
"""What making a connection may take, and the driver's own look whether MongoDB is there.

A machine that does not answer is asked for a connection after 1 s, 3 s, 7 s and so on, for as long as one attempt goes
on. By the driver's own 20 seconds MongoDB would be back for many seconds before anybody asked it again.
"""
MOST_GOODBYE_SECONDS = 0.5


def connect(
    uri: str,
    *,
    app_name: str,
    driver: MongoDriver = "motor",
    listeners: Sequence[CommandListener] = (),
    max_pool_size: int = 100,
) -> Client:
    """Make a client for the running event loop. It connects when first used; `disconnect` it at the end.

    Motor sends each command from a thread; PyMongo's own asyncio client does without. Both have the same methods, as
    far as they are used here, and the same options and errors.

    Tracing must have been set up before, since it hooks into clients as they are made.
    Raises ValueError for an address that is none, without quoting it: it may hold a password.
    """
    make: Any = AsyncIOMotorClient if driver == "motor" else AsyncMongoClient
    try:
        client: Client = make(
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
            connectTimeoutMS=int(LONGEST_CONNECT_SECONDS * 1000),
            maxPoolSize=max_pool_size,
            event_listeners=tuple(listeners),
        )
    except (PyMongoError, ValueError) as error:
        raise ValueError(f"the address of MongoDB cannot be read: {type(error).__name__}") from None
    return client


async def disconnect(client: Client) -> None:
    """Close a client. A silent MongoDB is waited for for half a second only, and never by the event loop."""
    of_either: Any = client
    if isinstance(of_either, AsyncMongoClient):
        with pymongo.timeout(MOST_GOODBYE_SECONDS):
            await of_either.close()
        return

    def close() -> None:
        with pymongo.timeout(MOST_GOODBYE_SECONDS):
            client.close()

    await asyncio.to_thread(close)


def database(client: Client, name: str) -> Database:
    """Give one database with the guarantees above, whatever the address said."""
    return client.get_database(
        name,
        codec_options=CODEC,
        read_preference=ReadPreference.PRIMARY,
        read_concern=MAJORITY_READ,
        write_concern=MAJORITY_JOURNALED,
    )


def undecoded(collection: Collection) -> Undecoded:
    """Give the same collection, to read documents of it as bytes."""
    found: Any = collection.with_options(codec_options=DEFAULT_RAW_BSON_OPTIONS)  # the driver's types say otherwise
    return cast("Undecoded", found)


def decoded(document: RawBSONDocument) -> Document:
    """Give a document of `undecoded` as the other collections do."""
    return decode(document.raw, CODEC)
