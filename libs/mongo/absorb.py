"""Taking one customer's record over into another's, after profile has decided that they are one person.

Three steps, each one conditional write, each found done when the whole is repeated after a crash:

1. the source is sealed: nothing changes it any more, and what is addressed to it goes on to the survivor;
2. the survivor takes over what the sealed source holds and notes the merge in `absorbed`, in the same write;
3. the source is marked `absorption_done`.

With the second goes a report of what the merge did (`merge_reports`), by which `release` can undo it.
A merge that was undone (`released` of the source) is never absorbed again, however late somebody asks for it.

The survivor may itself have been sealed by another merge meanwhile: then the merge is looked for in it first, and done
at the customer who remains of it. `absorbed` passes on with the rest, so that it is found there too.
The source then leads to the one who took it over: undoing the other merge parts it from nobody.

A source that the survivor is part of is refused before it is sealed: two who led to each other could never be read
again. Profile does not order that, but its orders may be heard in another order here, as after a restore; then it goes
through as soon as the undoing of the first merge has come.
So is a merge under the id of another one, which profile never orders either.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias

from libs.errors import merge_not_possible
from libs.mongo.connection import Collection
from libs.mongo.deadline import Deadline, reading
from libs.mongo.loop import Done, Found, Plan, Step, Write, WriteLoop
from libs.mongo.reader import MAX_MERGE_HOPS, RecordReader, TooManyMerges
from libs.mongo.record_versions import RecordVersions, new_record
from libs.mongo.values import Decision, Event, Saved, State
from libs.mongo.writer import Elsewhere
from libs.origin import Origin

OTHER_WAY_ROUND = "other_way_round"
ANOTHER_MERGE = "another_merge"
MAX_LINEAGE = 500
"""How many customers may become one. Whoever decides on merges refuses beyond it: here a merge is carried out."""

DecideMerge: TypeAlias = Callable[[Saved[State], Saved[State]], Decision[State, Event]]
"""Takes the sealed source and the survivor, and gives the survivor's new state."""
MaySeal: TypeAlias = Callable[[Saved[State]], bool]
"""Looks at the source in the same conditional write that seals it."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """The survivor has all that the source held."""

    customer_id: str
    """Who took it over."""
    by_this_call: bool


class Absorber(Generic[State, Event]):
    """Merges records of one service."""

    def __init__(
        self,
        *,
        records: Collection,
        loop: WriteLoop,
        reader: RecordReader[State, Event],
        versions: RecordVersions[State, Event],
        on_saved: Callable[[str], None],
    ) -> None:
        self._records = records
        self._loop = loop
        self._reader = reader
        self._versions = versions
        self._on_saved = on_saved

    async def absorb(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        origin: Origin,
        seal: Event,
        decide: DecideMerge[State, Event],
        may_seal: MaySeal[State],
    ) -> bool:
        """Do what is left to do of one merge; see `Records.absorb`."""
        if source_customer_id == survivor_customer_id:
            raise ValueError("a customer cannot be merged into itself")
        deadline = Deadline()
        source = await self._reader.get_exact(source_customer_id, deadline)
        if merge_id in source.released:
            return False  # it was undone, and this comes late
        if source.erased:
            return False  # forgotten before it was absorbed: there is nothing to take over, and never will be
        if not source.merge_id:
            sealing = self._sealing(source_customer_id, survivor_customer_id, merge_id, seal, origin, may_seal)
            if not await self._loop.run(source_customer_id, sealing, deadline):
                return False
            self._on_saved(source_customer_id)
            source = await self._reader.get_exact(source_customer_id, deadline)
        if source.merge_id != merge_id or source.absorption_done or source.erased:
            return False  # a source is sealed once: whatever it held goes, or went, the way of that merge
        taken = await self._taken_over_elsewhere(source, survivor_customer_id, deadline)
        taken = taken or await self._take_over(source, origin, decide, deadline)
        await self._mark_done(source, taken, deadline)
        return taken.by_this_call

    def _sealing(
        self, source_id: str, survivor_id: str, merge_id: str, seal: Event, origin: Origin, may_seal: MaySeal[State]
    ) -> Plan[bool]:
        async def plan(found: Found) -> Step[bool]:
            present = found.document or new_record(source_id)
            if present.get("erased") or merge_id in present.get("released", ()):
                return Done(result=False)
            if present["merge_id"]:
                return Done(result=True)
            if not may_seal(self._reader.saved(found.document, source_id)):
                return Done(result=False)
            survivor = await self._reader.standing(present["merged_into"] or survivor_id)
            if survivor.customer_id == source_id:
                raise merge_not_possible(OTHER_WAY_ROUND)
            if merge_id in survivor.released:
                return Done(result=False)
            if merge_id in survivor.absorbed and source_id not in survivor.lineage:
                raise merge_not_possible(ANOTHER_MERGE)  # sealed, what it holds would be taken for taken over
            version = self._versions.sealed(present, seal, origin, merge_id=merge_id, survivor_id=survivor_id)
            return Write(version, result=True)

        return plan

    async def _taken_over_elsewhere(
        self, source: Saved[State], survivor_id: str, deadline: Deadline
    ) -> TakenOver | None:
        """Find it done at the named survivor, where the source still leads to one who was parted from that since."""
        if survivor_id == source.merged_into:
            return None
        first = await self._reader.get_exact(source.merged_into, deadline)
        named = await self._reader.get_exact(survivor_id, deadline)
        if source.merge_id in first.absorbed or source.merge_id not in named.absorbed:
            return None
        return TakenOver(survivor_id, by_this_call=False)

    async def _take_over(
        self, source: Saved[State], origin: Origin, decide: DecideMerge[State, Event], deadline: Deadline
    ) -> TakenOver:
        survivor_id = source.merged_into
        for _ in range(MAX_MERGE_HOPS):
            answer = await self._loop.run(survivor_id, self._plan(survivor_id, source, origin, decide), deadline)
            if isinstance(answer, TakenOver):
                self._on_saved(survivor_id)
                return answer
            survivor_id = answer.customer_id
            if survivor_id == source.customer_id:  # the other way round began in the same instant
                raise merge_not_possible(OTHER_WAY_ROUND)
        raise TooManyMerges(survivor_id)

    def _plan(
        self, survivor_id: str, source: Saved[State], origin: Origin, decide: DecideMerge[State, Event]
    ) -> Plan[TakenOver | Elsewhere]:
        async def plan(found: Found) -> Step[TakenOver | Elsewhere]:
            present = found.document or new_record(survivor_id)
            if present.get("erased"):
                return Done(TakenOver(survivor_id, by_this_call=False))  # the erasure comes for the source, too
            if source.merge_id in present["absorbed"]:
                return Done(TakenOver(survivor_id, by_this_call=found.unsure))
            if present["merged_into"]:
                return Done(Elsewhere(present["merged_into"]))
            lineage = _missing(source.lineage, [survivor_id, *present["lineage"]])
            absorbed = _missing((*source.absorbed, source.merge_id), present["absorbed"])
            decision = decide(source, self._reader.saved(found.document, survivor_id))
            version = self._versions.merged(
                present,
                decision,
                origin,
                lineage=lineage,
                absorbed=absorbed,
                merge_id=source.merge_id,
                source_customer_id=source.customer_id,
            )
            return Write(version, TakenOver(survivor_id, by_this_call=True))

        return plan

    async def _mark_done(self, source: Saved[State], taken: TakenOver, deadline: Deadline) -> None:
        """Mark it without a new version: nothing else writes to a sealed record but the relay."""
        with reading(deadline):
            condition = {"_id": source.customer_id, "merge_id": source.merge_id}
            await self._records.update_one(
                condition, {"$set": {"absorption_done": True, "merged_into": taken.customer_id}}
            )


def _missing(values: tuple[str, ...], present: list[str]) -> list[str]:
    known = set(present)
    return [value for value in values if value not in known]
