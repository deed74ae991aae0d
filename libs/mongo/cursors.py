"""How far this service has read what others announced: one cursor per area and customer, and each area's sweep place.

A cursor only moves forward within an epoch, and a consumer that was overtaken by another does not move it back.
What Kafka brought of many customers at once is asked for, and noted, by few commands (`libs/gathering.py`).

Retention: a cursor stays for as long as its service has anything of its customer. Removing one is safe,
since the customer's events are then replayed from the first that the owner keeps, and effects may be repeated.
"""

from collections import Counter
from collections.abc import Collection as AnyOf
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from libs.gathering import Gathering
from libs.mongo.bulk import Update, write
from libs.mongo.connection import Collection, Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.mongo.gathered import ask, commands
from libs.mongo.shapes import CURSORS, DUE, LONG_AGO, cursor_key

PARKED_FIELDS = {"parked_seq": "", "parked_reason": "", "parked_attempts": "", "retry_time": ""}


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far one customer's events of one area were read; fresh where none ever were."""

    area: str
    customer_id: str
    epoch: str = ""
    """The owner's epoch that `seq` belongs to; empty for a fresh cursor."""
    seq: int = 0
    parked_reason: str = ""
    """Why the next event could not be handled; empty while nothing is wrong."""
    parked_attempts: int = 0
    retry_time: datetime | None = None
    """Parked until then."""

    def is_parked(self, now: datetime) -> bool:
        """Whether the stream waits for a later try."""
        return self.retry_time is not None and self.retry_time > now

    def is_behind(self, epoch: str, seq: int) -> bool:
        """Whether the owner is beyond it: by its epoch, or by its `seq`."""
        return self.epoch != epoch or self.seq < seq


@dataclass(frozen=True, slots=True)
class SweepPlace:
    """From where an area's heads are to be listed next."""

    area: str
    since: datetime
    """What changed before was compared; long ago where nothing was."""
    epoch: str
    """Of the owner, as the last sweep saw it; empty before the first."""
    next_time: datetime | None = field(default=None, compare=False)
    """When it is due again, as whoever left it noted; None in a sweep."""


class Cursors:
    """The cursors of one service. Raises DEPENDENCY_UNAVAILABLE where MongoDB does not answer."""

    def __init__(self, database: Database, collection: str = CURSORS) -> None:
        """Another collection than the service's first is for a second reader that goes at its own pace."""
        self._cursors: Collection = database[collection]
        self._finding: Gathering[tuple[str, str], Cursor] = commands(
            "find", self._cursors, alone=self._find, together=self._find_all
        )
        self._moving: Gathering[Update, None] = commands(
            "update", self._cursors, alone=self._move_one, together=self._move_all
        )

    async def get(self, area: str, customer_id: str) -> Cursor:
        """Read one cursor."""
        return await ask(self._finding, (area, customer_id), Deadline())

    async def get_many(self, keys: AnyOf[tuple[str, str]]) -> dict[tuple[str, str], Cursor]:
        """Read cursors by area and customer in one query; what was never written is fresh."""
        cursors = {key: Cursor(*key) for key in keys}
        with reading():
            found = self._cursors.find({"_id": {"$in": [cursor_key(*key) for key in keys]}})
            async for document in found:
                cursor = _cursor(document)
                cursors[cursor.area, cursor.customer_id] = cursor
        return cursors

    async def advance(self, cursor: Cursor, *, epoch: str, seq: int, now: datetime) -> None:
        """Move a cursor that was read before to a `seq` of an epoch, and set its stream free again.

        Nothing changes where another consumer was faster: it has moved on as far, or into another epoch.
        """
        await self._move(cursor, {"epoch": epoch, "seq": seq, "update_time": now}, epoch=epoch, seq=seq)

    async def park(
        self, cursor: Cursor, *, epoch: str, seq: int, reason: str, retry_time: datetime, now: datetime
    ) -> None:
        """Move a cursor as far as its stream was read, and note why it went no further and when to try again."""
        note = {"parked_seq": seq + 1, "parked_reason": reason, "retry_time": retry_time}
        note["parked_attempts"] = cursor.parked_attempts + 1
        await self._move(cursor, {"epoch": epoch, "seq": seq, "update_time": now} | note, epoch=epoch, seq=seq)

    async def due(self, *, now: datetime, limit: int) -> list[Cursor]:
        """Give parked cursors whose time has come, the longest waiting first."""
        with reading():
            found = self._cursors.find({"retry_time": {"$gt": LONG_AGO, "$lte": now}}).sort("retry_time", 1)
            return [_cursor(document) async for document in found.limit(limit)]

    async def count_parked(self, *, limit: int) -> dict[str, int]:
        """Count the streams that are parked, at most `limit` of them, by area. One indexed query."""
        with reading():
            found = self._cursors.find({"retry_time": {"$gt": LONG_AGO}}, {"area": 1, "_id": 0}).limit(limit)
            return Counter([document["area"] async for document in found])

    async def make_due(self) -> int:
        """Let every parked stream be tried at once, and give how many they are."""
        with reading():
            parked = await self._cursors.update_many({"retry_time": {"$gt": LONG_AGO}}, {"$set": {"retry_time": DUE}})
        return parked.matched_count

    async def claim_retry(self, cursor: Cursor, *, until: datetime) -> bool:
        """Take a due cursor for oneself until a time, so that replicas do not all try at once."""
        mine = {"_id": cursor_key(cursor.area, cursor.customer_id), "retry_time": cursor.retry_time}
        with reading():
            claimed = await self._cursors.update_one(mine, {"$set": {"retry_time": until}})
        return claimed.modified_count == 1

    async def claim_sweep(
        self, area: str, *, now: datetime, until: datetime, left: SweepPlace | None = None
    ) -> SweepPlace | None:
        """Take the sweep of one area until a time; None while another replica has it, or it is not due.

        What is due further ahead than anybody plans was written by a clock that was ahead, and is not waited for.
        `left` is what this replica left last: where nobody took it since, one command is enough.
        """
        key = _sweep_key(area)
        with reading():
            if left is not None and left.next_time is not None and left.next_time <= now:
                as_left = {"_id": key, "next_time": left.next_time, "since": left.since, "epoch": left.epoch}
                if (await self._cursors.update_one(as_left, {"$set": {"next_time": until}})).matched_count:
                    return replace(left, next_time=None)
            found = await self._cursors.find_one({"_id": key})
            if found is None:
                place: Document = {"_id": key, "since": LONG_AGO, "epoch": "", "next_time": until}
                try:
                    await self._cursors.insert_one(place)
                except DuplicateKeyError:
                    return None
                return SweepPlace(area, LONG_AGO, "")
            if now < found["next_time"] <= until + (until - now):
                return None
            due = {"_id": key, "next_time": found["next_time"]}
            claimed = await self._cursors.update_one(due, {"$set": {"next_time": until}})
        return SweepPlace(area, found["since"], found["epoch"]) if claimed.modified_count else None

    async def begin_sweeps(self, areas: AnyOf[str], *, since: datetime) -> None:
        """Let the first sweeps of areas begin at a time, where a reader cares for nothing before; later ones stay."""
        for area in areas:
            place: Document = {"_id": _sweep_key(area), "since": since, "epoch": "", "next_time": since}
            await self._insert(place)

    async def leave_sweep(self, place: SweepPlace, *, next_time: datetime) -> SweepPlace:
        """Note how far a sweep came, and when the next is due; give that, for `claim_sweep`."""
        change = {"since": place.since, "epoch": place.epoch, "next_time": next_time}
        with reading():
            await self._cursors.update_one({"_id": _sweep_key(place.area)}, {"$set": change})
        return replace(place, next_time=next_time)

    async def _move(self, cursor: Cursor, change: Document, *, epoch: str, seq: int) -> None:
        key = cursor_key(cursor.area, cursor.customer_id)
        if not cursor.epoch and await self._insert(
            {"_id": key, "area": cursor.area, "customer_id": cursor.customer_id} | change
        ):
            return
        # A parked cursor may be parked again at the same place; otherwise only what is lower moves.
        reached = {"seq": {"$lte": seq} if "parked_seq" in change or cursor.retry_time else {"$lt": seq}}
        if cursor.epoch in {"", epoch}:  # parked before its first event, it is stored without an epoch
            behind: Document = {"epoch": {"$in": [cursor.epoch, epoch]}} | reached
        else:
            behind = {"epoch": cursor.epoch}
        free = {} if "parked_seq" in change else {"$unset": PARKED_FIELDS}
        await ask(self._moving, Update({"_id": key} | behind, {"$set": change} | free), Deadline())

    async def _find(self, key: tuple[str, str]) -> Cursor:
        return (await self.get_many([key]))[key]

    async def _find_all(self, keys: Sequence[tuple[str, str]], _within_seconds: float) -> list[Cursor]:
        found = await self.get_many(keys)
        return [found[key] for key in keys]

    async def _move_one(self, move: Update) -> None:
        with reading():
            await self._cursors.update_one(move.match, move.change)

    async def _move_all(self, moves: Sequence[Update], _within_seconds: float) -> list[None]:
        await write(self._cursors, moves)
        return [None] * len(moves)

    async def _insert(self, document: Document) -> bool:
        with reading():
            try:
                await self._cursors.insert_one(document)
            except DuplicateKeyError:
                return False
        return True


def _sweep_key(area: str) -> str:
    return f"heads:{area}"


def _cursor(document: Document) -> Cursor:
    return Cursor(
        area=document["area"],
        customer_id=document["customer_id"],
        epoch=document["epoch"],
        seq=document["seq"],
        parked_reason=document.get("parked_reason", ""),
        parked_attempts=document.get("parked_attempts", 0),
        retry_time=document.get("retry_time"),
    )
