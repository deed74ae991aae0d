"""Faults between the service and a real MongoDB: what happens at each write is written down beforehand."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import cast

from pymongo.errors import AutoReconnect, DuplicateKeyError, ServerSelectionTimeoutError, WTimeoutError

from libs.mongo.connection import Collection, Database

Write = Callable[[], Awaitable[object]]
Fault = Callable[[Write], Awaitable[object]]
WRITES = {"insert_one", "update_one", "replace_one", "delete_many"}


async def no_fault(write: Write) -> object:
    return await write()


async def reply_is_lost(write: Write) -> object:
    await write()
    raise AutoReconnect("connection closed after the write")


async def is_not_replicated_in_time(write: Write) -> object:
    await write()
    raise WTimeoutError("waiting for replication timed out", 64, {"wtimeout": True})


async def never_arrives(_write: Write) -> object:
    raise AutoReconnect("connection closed before the write")


async def no_server(_write: Write) -> object:
    raise ServerSelectionTimeoutError("no primary")


class Crash(BaseException):
    """The process ends here: nothing after it runs, no handling of errors either."""


async def crashes_before(_write: Write) -> object:
    raise Crash


async def crashes_after(write: Write) -> object:
    with suppress(DuplicateKeyError):
        await write()
    raise Crash


class ArrivesLate:
    """The service hears of an error while the write is on its way; `arrive` lets it arrive."""

    def __init__(self) -> None:
        self._writes: list[Write] = []

    async def __call__(self, write: Write) -> object:
        self._writes.append(write)
        raise AutoReconnect("connection closed while the write was on its way")

    async def arrive(self) -> object:
        return await self._writes.pop()()


class HangsUntil:
    """The write waits for `go_on`, so that something else can happen meanwhile."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __call__(self, write: Write) -> object:
        self.reached.set()
        await self.go_on.wait()
        return await write()


class FaultyCollection:
    """The real collection, but for the writes for which a fault was written down."""

    def __init__(self, collection: Collection, faults: deque[Fault]) -> None:
        self._collection = collection
        self._faults = faults

    def __getattr__(self, name: str) -> object:
        method = getattr(self._collection, name)
        if name not in WRITES:
            return cast("object", method)

        async def write(*given: object, **named: object) -> object:
            fault = self._faults.popleft() if self._faults else no_fault
            return await fault(lambda: method(*given, **named))

        return write


class FaultyDatabase:
    """The real database, whose collection `records` has faults, or every one."""

    def __init__(self, database: Database, *faults: Fault, everywhere: bool = False) -> None:
        self._database = database
        self._faults = deque(faults)
        self._everywhere = everywhere

    def __getitem__(self, name: str) -> object:
        collection = self._database[name]
        return FaultyCollection(collection, self._faults) if self._everywhere or name == "records" else collection

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)


def with_faults(database: Database, *faults: Fault) -> Database:
    """Give the database with one fault for each of the next writes to `records`."""
    return cast("Database", FaultyDatabase(database, *faults))


def with_faults_everywhere(database: Database, *faults: Fault) -> Database:
    """Give the database with one fault for each of the next writes to whatever collection."""
    return cast("Database", FaultyDatabase(database, *faults, everywhere=True))
