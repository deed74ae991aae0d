"""Coordinates the undoing of merges in the aggregator's own records: both have their own journeys again."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.clock import Clock
from libs.errors import OmnithreadError, Status, conflict
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.record import Records
from libs.mongo.release import Joined, MemberMove, Released, Shares
from libs.mongo.values import Saved
from libs.origin import Origin
from services.aggregator.events import Event, JourneyParted, JourneyReleased
from services.aggregator.splitting import Sides, split, visits_of
from services.aggregator.store import JOURNEYS, TOUCHPOINTS, touchpoint_from_document
from services.aggregator.values import Thread, Touchpoint

MOST_SINCE = 5000
"""So many touchpoints since the merge are told apart, the newest; older ones stay in the list of whose they are."""
MOST_RELEASED = 20
"""So many earlier undoings, the newest, are looked at."""
MOST_TRIES = 5


class Stale(Exception):
    """Something was noted while the touchpoints were read: they are read again."""


@dataclass(frozen=True, slots=True)
class Partings:
    """Makes two records of one again."""

    records: Records[Thread, Event]
    database: Database
    clock: Clock

    async def visits(self, *, merge_id: str, source_customer_id: str, survivor_customer_id: str) -> tuple[str, ...]:
        """Give the visits that began with what identifies the source, whether it is undone here or not. At most 500."""
        source = await self.records.get_exact(source_customer_id)
        thread = source.state
        if merge_id not in source.released:
            thread = (await self.records.standing(survivor_customer_id)).state
        return tuple(sorted(visits_of(thread, frozenset(source.lineage))))

    async def release(
        self, *, merge_id: str, source_customer_id: str, survivor_customer_id: str, origin: Origin
    ) -> Released[Thread]:
        """Undo a merge here. Safe to repeat. Raises UNMERGE_NOT_POSSIBLE, CONFLICT."""
        for _ in range(MOST_TRIES):
            try:
                return await self._release(merge_id, source_customer_id, survivor_customer_id, origin)
            except Stale:
                continue
        raise conflict()

    async def _release(
        self, merge_id: str, source_customer_id: str, survivor_customer_id: str, origin: Origin
    ) -> Released[Thread]:
        now = self.clock()
        source = await self.records.get_exact(source_customer_id)
        survivor = await self.records.standing(survivor_customer_id)
        base, later = await self._base(merge_id, survivor, source)
        source_ids = frozenset(source.lineage)
        sides = Sides(
            merge_id=merge_id,
            source_ids=source_ids,
            since=await self._since(survivor, base.merges, later),
            gone=await self._gone(base, survivor),
        )

        def decide(joined: Joined[Thread]) -> Shares[Thread, Event]:
            if joined.survivor.version != survivor.version:
                raise Stale
            parted = split(joined.survivor.state, before=base, source=joined.source.state, sides=sides)
            return Shares(parted.survivor, parted.source)

        visits = sorted(visits_of(survivor.state, source_ids))
        journeys = [name for one in source.state.timeline.journeys for name in (one.journey_id, *one.joined_ids)]
        return await self.records.release(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            parted=JourneyParted(now, merge_id, source_customer_id),
            released=JourneyReleased(now, merge_id, survivor_customer_id),
            decide=decide,
            moves=[
                MemberMove(TOUCHPOINTS, {"session_id": {"$in": visits}, "merges": {"$gt": base.merges}}),
                MemberMove(TOUCHPOINTS, {"of_customer_id": {"$in": sorted(source_ids)}}),
                MemberMove(JOURNEYS, {"_id": {"$in": journeys}}),
            ],
        )

    async def _base(self, merge_id: str, survivor: Saved[Thread], source: Saved[Thread]) -> tuple[Thread, list[str]]:
        """Give the survivor before the merge, and who may have been merged into it since.

        Where an earlier merge was undone, before that one: the later ones' knew its acts. As it is now, where neither
        was kept.
        """
        base = await self._before(merge_id, survivor.customer_id) or survivor.state
        lineage = list(survivor.lineage)
        later = lineage[lineage.index(source.customer_id) :] if source.customer_id in lineage else []
        for released_id in survivor.released[-MOST_RELEASED:]:
            earlier = await self._before(released_id, survivor.customer_id)
            if earlier is not None and earlier.merges < base.merges:
                base, later = earlier, lineage[1:]
        return base, [customer_id for customer_id in later if customer_id not in source.lineage]

    async def _before(self, merge_id: str, survivor_customer_id: str) -> Thread | None:
        try:
            return (await self.records.merge_report(merge_id, survivor_customer_id)).before
        except OmnithreadError as error:
            if error.status is not Status.NOT_FOUND:
                raise
            return None

    async def _since(self, survivor: Saved[Thread], merges: int, later: Sequence[str]) -> list[Touchpoint]:
        """Give what came since the base, with what those brought who have been merged into the survivor since it."""
        records, match = [survivor], [{"customer_id": survivor.customer_id, "merges": {"$gt": merges}}]
        for customer_id in later:
            sealed = await self.records.get_exact(customer_id)
            if sealed.merged_into != survivor.customer_id:
                continue  # it came with another one
            before = await self._before(sealed.merge_id, survivor.customer_id)
            if before is not None and before.merges >= merges:
                records.append(sealed)
                match.append({"customer_id": {"$in": list(sealed.lineage)}})
        with reading():
            cursor = self.database[TOUCHPOINTS].find({"$or": match}).sort("sort_time", -1).limit(MOST_SINCE)
            stored = await cursor.to_list(MOST_SINCE)
        waiting = [
            member for record in records for member in record.pending_members if member.collection == TOUCHPOINTS
        ]
        documents = {document["_id"]: document for document in stored}
        for member in waiting:
            if member.document["customer_id"] != survivor.customer_id or member.document.get("merges", 0) > merges:
                documents[member.id] = dict(member.document)
        return [touchpoint_from_document(document) for document in documents.values()]

    async def _gone(self, before: Thread, survivor: Saved[Thread]) -> frozenset[str]:
        """Give the touchpoints at hand before the merge that are a third one's by now."""
        match = {
            "_id": {"$in": [one.touchpoint_id for one in before.recent_touchpoints]},
            "customer_id": {"$nin": list(survivor.lineage)},
        }
        with reading():
            gone = await self.database[TOUCHPOINTS].find(match, {"_id": 1}).to_list(None)
        return frozenset(document["_id"] for document in gone)
