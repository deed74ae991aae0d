"""A store under a relay that dies at a chosen moment."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from libs.mongo.connection import Database
from libs.mongo.relay_store import PendingEvent, RelayStore, Unrelayed

MOMENTS = (
    "after load",
    "after keep_events",
    "after keep_members",
    "after pull",
    "after pending",
    "before mark_published",
    "after mark_published",
)


class Crash(BaseException):
    """The process is gone: nothing of ours catches this."""


class CrashingStore(RelayStore):
    """Does its work until the moment comes."""

    def __init__(self, database: Database, moment: str) -> None:
        super().__init__(database)
        self._moment = moment

    async def load(self, customer_ids: Collection[str]) -> list[Unrelayed]:
        found = await super().load(customer_ids)
        self._at("after load")
        return found

    async def keep_events(self, records: Iterable[Unrelayed], *, now: datetime, by: str = "") -> None:
        await super().keep_events(records, now=now, by=by)
        self._at("after keep_events")

    async def keep_members(self, records: Iterable[Unrelayed]) -> None:
        await super().keep_members(records)
        self._at("after keep_members")

    async def pull(self, records: Iterable[Unrelayed]) -> None:
        await super().pull(records)
        self._at("after pull")

    async def pending(self, customer_ids: Collection[str], *, limit: int) -> list[PendingEvent]:
        found = await super().pending(customer_ids, limit=limit)
        self._at("after pending")
        return found

    async def mark_published(self, ranges: Mapping[str, tuple[int, int]], *, now: datetime) -> None:
        self._at("before mark_published")
        await super().mark_published(ranges, now=now)
        self._at("after mark_published")

    def _at(self, moment: str) -> None:
        if moment == self._moment:
            raise Crash(moment)
