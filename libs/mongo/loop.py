"""The write loop: read, decide, write under the condition that nobody wrote meanwhile; else read and decide again.

Every promise of "carried out once" comes from here. Only one write per version of a document can succeed, so it does
no harm to decide and write again after an error that leaves open whether a write arrived (a lost reply, a timeout, a
write concern error): either it is found when reading again, or it can no longer win once another version is there.
While it is still open, nothing definite is answered: the caller is told OUTCOME_UNKNOWN, and finds out by a retry.
"""

import asyncio
import enum
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from pymongo.errors import (
    DuplicateKeyError,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteError,
)

from libs.errors import OmnithreadError, conflict, outcome_unknown
from libs.mongo.connection import Collection, Document, decoded, undecoded
from libs.mongo.deadline import Deadline, reading
from libs.mongo.locks import KeyLocks
from libs.mongo.metrics import LoopMetrics
from libs.mongo.next_version import NextVersion

MAX_TRIES = 30
"""One or two do, except against another replica that writes to the same record without a pause: then every second try
is lost, whatever the pauses, and 12 tries gave up one call in 300."""
FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.05
GIVEN_UP = frozenset({"CONFLICT", "OUTCOME_UNKNOWN"})

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Found:
    """What was read."""

    document: Document | None
    """The document as it is; None where there is none."""
    unsure: bool
    """Whether it may hold a write of this same loop, of which the reply was lost."""
    read_bytes: int = 0
    """How long the document is as MongoDB sent it."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Result]):
    """Nothing is to be written."""

    result: Result


@dataclass(frozen=True, slots=True)
class Write(Generic[Result]):
    """Write `version`, and give `result` when that is done."""

    version: NextVersion
    result: Result


@dataclass(frozen=True, slots=True)
class Wait:
    """Another writer is in the middle of something: read again a little later."""


Step: TypeAlias = Done[Result] | Write[Result] | Wait
Plan: TypeAlias = Callable[[Found], Awaitable[Step[Result]]]
"""Decides what to do on what was found, anew in each round. Raises what is to be answered instead."""


class _Written(enum.Enum):
    YES = enum.auto()
    LOST_RACE = enum.auto()
    UNKNOWN = enum.auto()


class WriteLoop:
    """Conditional writes to one collection whose documents have a `version`."""

    def __init__(self, *, collection: Collection, random: random.Random, metrics: LoopMetrics | None = None) -> None:
        self._collection = collection
        self._undecoded = undecoded(collection)
        self._metrics = metrics
        self._random = random
        self._locks = KeyLocks()

    async def run(self, key: str, plan: Plan[Result], deadline: Deadline) -> Result:
        """Carry out a plan on one document: one read and one write where nobody interferes.

        Raises CONFLICT after 30 lost races, OUTCOME_UNKNOWN where a write may have arrived and may not,
        DEPENDENCY_UNAVAILABLE or DEADLINE_EXCEEDED where surely nothing was written.
        """
        async with self._locks.hold(key, deadline):
            try:
                return await self._run_alone(key, plan, deadline)
            except OmnithreadError as error:
                if self._metrics is not None and error.reason in GIVEN_UP:
                    self._metrics.given_up(error.reason)
                raise

    async def _run_alone(self, key: str, plan: Plan[Result], deadline: Deadline) -> Result:
        open_at: int | None = None  # the version on which a write of ours may still succeed
        for tried in range(MAX_TRIES):
            try:
                await self._pause(tried, deadline)
                with reading(deadline):
                    sent = await self._undecoded.find_one({"_id": key})
                document = None if sent is None else decoded(sent)
                version = 0 if document is None else int(document["version"])
                unsure = open_at is not None
                if version != open_at:
                    open_at = None
                step = await plan(Found(document, unsure, 0 if sent is None else len(sent.raw)))
                if isinstance(step, Done):
                    return step.result
                if isinstance(step, Wait):
                    continue
                written = await self._write(key, step.version, deadline)
            except OmnithreadError as error:
                if open_at is None:
                    raise
                raise outcome_unknown() from error
            self._count(written)
            if written is _Written.YES:
                return step.result
            if written is _Written.UNKNOWN:
                open_at = version
        raise conflict() if open_at is None else outcome_unknown()

    def _count(self, written: _Written) -> None:
        if self._metrics is None:
            return
        match written:
            case _Written.YES:
                self._metrics.written.inc()
            case _Written.LOST_RACE:
                self._metrics.lost_race.inc()
            case _Written.UNKNOWN:
                self._metrics.unknown.inc()

    async def _pause(self, tried: int, deadline: Deadline) -> None:
        if tried:
            longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**tried, deadline.left_seconds)
            await asyncio.sleep(self._random.uniform(0, longest))

    async def _write(self, key: str, version: NextVersion, deadline: Deadline) -> _Written:
        try:
            with deadline.command():
                if version.read_version == 0:
                    await self._collection.insert_one(version.document)
                    return _Written.YES
                condition = {"_id": key, "version": version.read_version}
                answer = await self._collection.update_one(condition, version.update)
                return _Written.YES if answer.matched_count else _Written.LOST_RACE
        except DuplicateKeyError:
            return _Written.LOST_RACE
        except WriteError:
            raise  # the server has looked at it and refused: an error of ours
        except (ServerSelectionTimeoutError, WaitQueueTimeoutError) as error:
            raise deadline.error() from error  # it was never sent
        except PyMongoError:
            return _Written.UNKNOWN
