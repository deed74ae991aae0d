"""Coordinates merges of two customers, and their undoing."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from libs.clock import Clock
from libs.errors import OmnithreadError, Status
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.record import Records
from libs.mongo.release import Joined, MemberMove, Released, Shares
from libs.mongo.values import Saved
from libs.origin import Origin
from services.messaging.events import Event, MessagingParted, MessagingReleased, MessagingSealed
from services.messaging.merging import parting as splitting
from services.messaging.merging import taking_over as merging
from services.messaging.model import Change
from services.messaging.store import (
    CONVERSATIONS,
    DEAD_LETTERS,
    ENDED,
    ENROLMENTS,
    ENTRIES,
    MESSAGES,
    NOTES,
    QUEUE,
    RETURNED_BY,
    SESSION_ID,
)
from services.messaging.values import Messaging

MOST_ENTRIES_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Merges:
    """Makes one record of two, and two of one again."""

    records: Records[Messaging, Event]
    database: Database
    nudge: Callable[[str], None]
    """Tells the sender of a customer with something to send."""
    clock: Clock

    async def absorb(
        self, *, merge_id: str, source_customer_id: str, survivor_customer_id: str, origin: Origin
    ) -> tuple[bool, Saved[Messaging]]:
        """Seal the source's record and take over what it holds; False where that was done before."""
        now = self.clock()

        def decide(source: Saved[Messaging], survivor: Saved[Messaging]) -> Change:
            return merging.absorb(
                survivor.state, source.state, merge_id=merge_id, source_customer_id=source_customer_id, now=now
            )

        absorbed_now = await self.records.absorb(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            seal=MessagingSealed(merge_id, survivor_customer_id),
            decide=decide,
        )
        survivor = await self.records.standing(survivor_customer_id)
        self.nudge(survivor.customer_id)
        return absorbed_now, survivor

    async def release(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        source_session_ids: frozenset[str],
        origin: Origin,
    ) -> Released[Messaging]:
        """Undo a merge: both have their own messages and conversations again, and none is sent twice for it.

        What was said and caused in the visits `source_session_ids` is the source's. Safe to repeat.
        Raises UNMERGE_NOT_POSSIBLE, and CONFLICT while a message of the source is being sent.
        """
        visits = {"$in": sorted(source_session_ids)}
        sealed = (await self.records.get_exact(source_customer_id)).state
        waited = {"_id": {"$in": [message.message_id for message in sealed.waiting]}}
        ways = {"$in": [one.enrolment_id for one in sealed.enrolments]}
        said = await self._said(survivor_customer_id, source_session_ids)
        gone = await self._gone(merge_id, survivor_customer_id)

        def decide(joined: Joined[Messaging]) -> Shares[Messaging, Event]:
            parted = splitting.split(
                joined.survivor.state,
                before=joined.before or joined.survivor.state,
                source=joined.source.state,
                merge_id=merge_id,
                source_session_ids=source_session_ids,
                said=said,
                gone=gone,
                time=self.clock(),
            )
            listed = parted.conversations
            event = MessagingParted(
                merge_id, source_customer_id, listed.survivor_listed, listed.source_listed, parted.enrolments
            )
            return Shares(parted.survivor, parted.source, parted=event)

        released = await self.records.release(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            parted=MessagingParted(merge_id, source_customer_id),
            released=MessagingReleased(merge_id, survivor_customer_id),
            decide=decide,
            moves=[
                MemberMove(CONVERSATIONS, {RETURNED_BY: merge_id}),
                MemberMove(CONVERSATIONS, {SESSION_ID: visits, QUEUE: ENDED}),
                MemberMove(NOTES, {SESSION_ID: visits}),
                MemberMove(ENTRIES, {SESSION_ID: visits}),
                MemberMove(MESSAGES, {SESSION_ID: visits}),
                MemberMove(ENROLMENTS, {SESSION_ID: visits}),
                MemberMove(ENROLMENTS, {"_id": ways}),
                MemberMove(DEAD_LETTERS, {SESSION_ID: visits}),
                *(MemberMove(name, waited) for name in (MESSAGES, DEAD_LETTERS)),
                *(MemberMove(name, {"message.campaign.enrolment_id": ways}) for name in (MESSAGES, DEAD_LETTERS)),
            ],
        )
        for customer_id in (source_customer_id, survivor_customer_id):
            self.nudge(customer_id)
        return released

    async def _gone(self, merge_id: str, survivor_customer_id: str) -> frozenset[str]:
        """Give the messages of before the merge that are somebody else's by now: of one who was parted since."""
        try:
            before = (await self.records.merge_report(merge_id, survivor_customer_id)).before
        except OmnithreadError as error:
            if error.status is not Status.NOT_FOUND:
                raise
            before = None
        if before is None:
            return frozenset()
        survivor = await self.records.standing(survivor_customer_id)
        known = [summary.message_id for summary in before.recent]
        match = {"_id": {"$in": known}, "customer_id": {"$nin": list(survivor.lineage)}}
        with reading():
            return frozenset(found["_id"] for found in await self.database[MESSAGES].find(match).to_list(None))

    async def _said(self, customer_id: str, session_ids: frozenset[str]) -> Counter[str]:
        """Count the entries of a customer that come from these visits, by conversation; at most 10,000."""
        saved = await self.records.standing(customer_id)
        waiting = [member for member in saved.pending_members if member.collection == ENTRIES]
        found = {
            member.id: member.document["conversation_id"]
            for member in waiting
            if member.document[SESSION_ID] in session_ids
        }
        match = {"customer_id": saved.customer_id, SESSION_ID: {"$in": sorted(session_ids)}}
        with reading():
            cursor = self.database[ENTRIES].find(match, {"conversation_id": 1}).limit(MOST_ENTRIES_COUNTED)
            stored = await cursor.to_list(MOST_ENTRIES_COUNTED)
        return Counter({**found, **{entry["_id"]: entry["conversation_id"] for entry in stored}}.values())
