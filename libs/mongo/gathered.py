"""Finds of many callers as one: while some are under way, those that come wait, and then go together.

Where little is asked nobody waits. The more is asked at once, the more records one command brings, so that a busy
service asks its database less for each call. What a caller is given was always asked for after they came.

What is traced asks by itself, so that its trace shows what was asked for it.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextvars import Context, copy_context
from dataclasses import dataclass, field

from bson.raw_bson import RawBSONDocument
from opentelemetry.trace import get_current_span

from libs.errors import OmnithreadError
from libs.mongo.connection import Undecoded
from libs.mongo.deadline import Deadline, reading

UNDER_WAY = 2
"""So many finds at once; who comes then waits for one of them."""
HELD_UP_SECONDS = 0.25
"""Who has not been taken up by then asks by itself: what is under way may hang, on a connection that is broken."""
TOGETHER = 64
"""At most so many records of 256 KB by one command."""


@dataclass(slots=True)
class _Waiting:
    """One caller who waits for the next find."""

    key: str
    deadline: Deadline
    is_taken_up: bool = False
    context: Context = field(default_factory=copy_context)
    answer: asyncio.Future[RawBSONDocument | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def fail(self, error: Exception | None = None) -> None:
        """Tell the caller, unless they have given up: what went wrong, or that it took too long for this call."""
        if not self.answer.done():
            self.answer.set_exception(error or self.context.run(self.deadline.error))


class GatheredFinds:
    """Finds documents of one collection by their `_id`."""

    def __init__(self, collection: Undecoded, projection: Mapping[str, int]) -> None:
        self._collection = collection
        self._projection = projection
        self._under_way = 0
        self._waiting: deque[_Waiting] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def find(self, key: str, deadline: Deadline) -> RawBSONDocument | None:
        """Give the document as committed now; None where there is none. Raises as `reading` does."""
        if get_current_span().is_recording():
            return await self._find(key, deadline)
        if self._under_way < UNDER_WAY:
            self._under_way += 1
            try:
                return await self._find(key, deadline)
            finally:
                self._one_less()
        waiting = _Waiting(key, deadline)
        self._waiting.append(waiting)
        try:
            await asyncio.wait([waiting.answer], timeout=min(HELD_UP_SECONDS, deadline.left_seconds))
            if not waiting.answer.done() and not waiting.is_taken_up:
                return await self._find(key, deadline)
            async with asyncio.timeout(deadline.left_seconds):
                return await waiting.answer
        except TimeoutError:
            raise deadline.error() from None
        finally:
            waiting.answer.cancel()  # nobody listens any more; without effect where it was answered

    async def _find(self, key: str, deadline: Deadline) -> RawBSONDocument | None:
        with reading(deadline):
            return await self._collection.find_one({"_id": key}, self._projection)

    def _one_less(self) -> None:
        self._under_way -= 1
        together = self._next()
        if not together:
            return
        self._under_way += 1
        longest = max(together, key=lambda one: one.deadline.left_seconds)
        finding = self._find_together(together, longest.deadline)
        task = asyncio.get_running_loop().create_task(finding, context=longest.context)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _next(self) -> list[_Waiting]:
        """Take up who waits, without those who have given up or whose time is over."""
        together: list[_Waiting] = []
        while self._waiting and len(together) < TOGETHER:
            waiting = self._waiting.popleft()
            if waiting.deadline.over:
                waiting.fail()
            elif not waiting.answer.done():
                waiting.is_taken_up = True
                together.append(waiting)
        return together

    async def _find_together(self, together: list[_Waiting], deadline: Deadline) -> None:
        """Answer them all, or fail them all: each has its own deadline beside, this is the longest of them."""
        try:
            found = await self._find_all({one.key for one in together}, deadline)
        except OmnithreadError:
            for one in together:
                one.fail()
        except Exception as error:  # noqa: BLE001  it is told to whoever waits
            for one in together:
                one.fail(error)
        else:
            for one in together:
                if not one.answer.done():
                    one.answer.set_result(found.get(one.key))
        finally:
            self._one_less()

    async def _find_all(self, keys: set[str], deadline: Deadline) -> dict[str, RawBSONDocument]:
        with reading(deadline):
            cursor = self._collection.find({"_id": {"$in": sorted(keys)}}, self._projection)
            return {document["_id"]: document for document in await cursor.to_list(None)}
