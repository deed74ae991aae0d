"""Undoing a merge of two customers' records: the other way round of `libs.mongo.absorb`.

Three conditional writes, each found done when the whole is repeated after a crash:

1. the survivor gives up the source's share, and keeps it in `releasing` until it has arrived;
2. the source gets its share and is open again: what is addressed to it stays with it;
3. the survivor forgets the share.

Between the first two, members of long lists that belong to the source are given its id.
Both sides note the merge in `released`: it is never absorbed again, and a repeated call finds it done.

Who reads the source meanwhile is given it as it is about to be; commands to it wait. The source also learns what the
survivor was asked: a request that had gone to it by its old id, and is sent again, is not run twice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

from libs.clock import Clock
from libs.errors import unmerge_not_possible
from libs.mongo.connection import Collection, Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.mongo.loop import Done, Found, Plan, Step, Wait, Write, WriteLoop
from libs.mongo.merge_reports import find_report
from libs.mongo.reader import RecordReader
from libs.mongo.record_versions import RecordVersions, new_record
from libs.mongo.relay_store import RelayStore
from libs.mongo.requests import RequestLog
from libs.mongo.shapes import RECORDS, ReleasingEntry
from libs.mongo.values import Event, RecordShape, Saved, State
from libs.origin import Origin

MAX_RELEASED = 500
"""How many merges of one customer may be undone."""


@dataclass(frozen=True, slots=True)
class Joined(Generic[State]):
    """Two customers who are one, about to be parted."""

    survivor: Saved[State]
    """As it is now."""
    source: Saved[State]
    """As it was sealed."""
    before: State | None
    """The survivor before the merge. None where that was not kept: it was too large, or the merge is older than
    reports; then the survivor had better keep what it has."""
    policy: str = ""
    """By which the merge was done; empty where there is only one, or that was not kept."""


@dataclass(frozen=True, slots=True)
class Shares(Generic[State, Event]):
    """What each of the two is to have."""

    survivor: State
    source: State
    events: tuple[Event, ...] = ()
    """What the survivor announces beside the parting itself."""
    parted: Event | None = None
    """The parting itself, where it brings members; None for the plain one."""


DecideParting: TypeAlias = Callable[[Joined[State]], Shares[State, Event]]


@dataclass(frozen=True, slots=True)
class MemberMove:
    """Members of a long list that came since the merge and belong to the source."""

    collection: str
    match: Mapping[str, Any]
    """Which of the survivor's, as a MongoDB condition on fields of the members, for example
    `{"session_id": {"$in": [...]}, "sort_time": {"$gte": merge_time}}`."""


@dataclass(frozen=True, slots=True)
class Released(Generic[State]):
    """How the two stand after the call."""

    released_now: bool
    """Whether this call opened the source again; False where that was done before, or there was nothing to undo."""
    survivor: Saved[State]
    source: Saved[State]


class Releaser(Generic[State, Event]):
    """Undoes merges of one service."""

    def __init__(
        self,
        *,
        database: Database,
        shape: RecordShape[State, Event],
        loop: WriteLoop,
        reader: RecordReader[State, Event],
        versions: RecordVersions[State, Event],
        clock: Clock,
        on_saved: Callable[[str], None],
    ) -> None:
        self._database = database
        self._records: Collection = database[RECORDS]
        self._relay = RelayStore(database)
        self._shape = shape
        self._loop = loop
        self._reader = reader
        self._versions = versions
        self._clock = clock
        self._on_saved = on_saved

    async def release(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        origin: Origin,
        parted: Event,
        released: Event,
        decide: DecideParting[State, Event],
        moves: Sequence[MemberMove],
    ) -> Released[State]:
        """Do what is left to do of undoing one merge; see `Records.release`."""
        deadline = Deadline()
        source = await self._reader.get_exact(source_customer_id, deadline)
        if source.erased:  # forgotten since: nobody gets anything back
            standing = await self._reader.standing(survivor_customer_id)
            return Released(released_now=False, survivor=standing, source=source)
        if merge_id not in source.released and source.merge_id != merge_id:
            await self._loop.run(source_customer_id, self._never(source_customer_id, merge_id, deadline), deadline)
            source = await self._reader.get_exact(source_customer_id, deadline)
        opened_now = False
        survivor_id = source.merged_into if source.merge_id == merge_id else survivor_customer_id
        if merge_id not in source.released:
            parting = self._parting(source, survivor_id, parted, decide, origin, deadline)
            await self._loop.run(survivor_id, parting, deadline)
            await self._move_members(survivor_id, source_customer_id, moves, deadline)
            opening = self._opening(merge_id, source_customer_id, survivor_id, released, origin, deadline)
            opened_now = await self._loop.run(source_customer_id, opening, deadline)
        await self._forget_share(merge_id, survivor_id, deadline)
        for customer_id in (survivor_id, source_customer_id):
            self._on_saved(customer_id)
        return Released(
            released_now=opened_now,
            survivor=await self._reader.standing(survivor_id),
            source=await self._reader.get_exact(source_customer_id, deadline),
        )

    def _parting(
        self,
        source: Saved[State],
        survivor_id: str,
        parted: Event,
        decide: DecideParting[State, Event],
        origin: Origin,
        deadline: Deadline,
    ) -> Plan[None]:
        async def plan(found: Found) -> Step[None]:
            present = found.document or new_record(survivor_id)
            if present.get("erased") or source.merge_id in present.get("released", ()):
                return Done(None)
            if present["merged_into"]:
                raise unmerge_not_possible("later_merge")
            if len(present.get("released", ())) >= MAX_RELEASED:
                raise unmerge_not_possible("too_many")
            await self._keep_what_came_directly(source, present, deadline)
            survivor = self._reader.saved(found.document, survivor_id)
            shares = await self._shares(source, survivor, decide)
            share = self._versions.share(source.merge_id, source.customer_id, shares.source)
            gone = set(source.lineage)
            lineage = [customer_id for customer_id in present["lineage"] if customer_id not in gone]
            events = (shares.parted or parted, *shares.events)
            version = self._versions.parted(present, shares.survivor, events, origin, lineage=lineage, share=share)
            return Write(version, None)

        return plan

    async def _keep_what_came_directly(self, source: Saved[State], survivor: Document, deadline: Deadline) -> None:
        """Let those lead to the survivor whom it took over itself, since the source, to whom they lead, was sealed."""
        theirs = {
            "_id": {"$in": [customer_id for customer_id in survivor["lineage"] if customer_id not in source.lineage]},
            "merged_into": source.customer_id,
            "merge_id": {"$in": [merge_id for merge_id in survivor["absorbed"] if merge_id not in source.absorbed]},
        }
        with reading(deadline):
            change = {"absorption_done": True, "merged_into": survivor["_id"]}
            await self._records.update_many(theirs, {"$set": change})

    async def _shares(
        self, source: Saved[State], survivor: Saved[State], decide: DecideParting[State, Event]
    ) -> Shares[State, Event]:
        if source.merge_id not in survivor.absorbed:
            return Shares(survivor.state, source.state)  # sealed, and nothing taken over yet
        report = await find_report(self._database, self._shape, survivor, source.merge_id)
        if report is None:
            return decide(Joined(survivor=survivor, source=source, before=None))
        return decide(Joined(survivor=survivor, source=source, before=report.before, policy=report.policy))

    def _opening(
        self,
        merge_id: str,
        source_id: str,
        survivor_id: str,
        event: Event,
        origin: Origin,
        deadline: Deadline,
    ) -> Plan[bool]:
        async def plan(found: Found) -> Step[bool]:
            present = found.document or new_record(source_id)
            if present.get("erased") or merge_id in present.get("released", ()):
                return Done(result=found.unsure)
            with reading(deadline):
                survivor = await self._records.find_one({"_id": survivor_id})
            share = _share_of(survivor, merge_id)
            if share is None:
                return Wait()  # another call has done it since this was read
            log = RequestLog.of(present).joined_with(RequestLog.of(survivor))
            return Write(self._versions.reopened(present, event, origin, share=share, log=log), result=True)

        return plan

    def _never(self, source_id: str, merge_id: str, deadline: Deadline) -> Plan[None]:
        """Note a merge that has not come here, so that it never will."""

        async def plan(found: Found) -> Step[None]:
            present = found.document or new_record(source_id)
            if present.get("erased") or merge_id in present.get("released", ()) or present["merge_id"] == merge_id:
                return Done(None)
            log = RequestLog.of(present)
            if present["merged_into"] and not present["merge_id"]:
                with reading(deadline):
                    log = log.joined_with(RequestLog.of(await self._records.find_one({"_id": present["merged_into"]})))
            return Write(self._versions.never_to_be_absorbed(present, merge_id, log=log), None)

        return plan

    async def _move_members(
        self, survivor_id: str, source_id: str, moves: Sequence[MemberMove], deadline: Deadline
    ) -> None:
        """Give the source its members, those on their way in the survivor's outbox too."""
        if not moves:
            return
        with reading(deadline):
            waiting = await self._relay.load([survivor_id])
            await self._relay.keep_events(waiting, now=self._clock())
            await self._relay.keep_members(waiting)
            await self._relay.pull(waiting)
            for move in moves:
                mine = {**move.match, "customer_id": survivor_id}
                await self._database[move.collection].update_many(mine, {"$set": {"customer_id": source_id}})

    async def _forget_share(self, merge_id: str, survivor_id: str, deadline: Deadline) -> None:
        """Take it off without a new version: nothing that the survivor says of itself changes."""
        with reading(deadline):
            condition = {"_id": survivor_id, "releasing.merge_id": merge_id}
            await self._records.update_one(condition, {"$pull": {"releasing": {"merge_id": merge_id}}})


def _share_of(survivor: Mapping[str, Any] | None, merge_id: str) -> ReleasingEntry | None:
    entries = survivor.get("releasing", ()) if survivor else ()
    return next((entry for entry in entries if entry["merge_id"] == merge_id), None)
