"""Forgetting one record: a tombstone stays, whose version and event numbers never turn back.

It is written before anything else that an erasure does, so that nothing new comes: every command is refused from then
on, every read finds nobody, and a merge that is late does nothing.
"""

from collections.abc import Callable
from typing import Generic, TypeAlias

from libs.errors import conflict
from libs.mongo.deadline import Deadline
from libs.mongo.loop import Done, Found, Step, Write, WriteLoop
from libs.mongo.reader import RecordReader
from libs.mongo.record_versions import RecordVersions, new_record
from libs.mongo.values import Event, Saved, State
from libs.origin import Origin

MayErase: TypeAlias = Callable[[Saved[State]], None]
"""Looks at the record in the conditional write that forgets it, and raises what is to be waited for."""


class Tombstones(Generic[State, Event]):
    """Makes tombstones of one service's records."""

    def __init__(
        self,
        *,
        loop: WriteLoop,
        reader: RecordReader[State, Event],
        versions: RecordVersions[State, Event],
        on_saved: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._reader = reader
        self._versions = versions
        self._on_saved = on_saved

    async def entomb(
        self, customer_id: str, *, erasure_id: str, event: Event, origin: Origin, may_erase: MayErase[State]
    ) -> None:
        """Do what is left to do for one record; see `Records.entomb`."""

        async def plan(found: Found) -> Step[None]:
            present = found.document or new_record(customer_id)
            if present.get("erased"):
                return Done(None)
            if present.get("releasing"):
                raise conflict()  # it holds what belongs to somebody else, who is about to get it back
            may_erase(self._reader.saved(found.document, customer_id))
            return Write(self._versions.erased(present, event, origin, erasure_id=erasure_id), None)

        await self._loop.run(customer_id, plan, Deadline())
        self._on_saved(customer_id)
