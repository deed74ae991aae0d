"""Coordinates: load, decide, save. Each operation is one story of what the service is asked to do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from libs.clock import Clock
from libs.errors import etag_mismatch
from libs.ids import NewId
from libs.mongo.connection import Database
from libs.mongo.members import Position, page
from libs.mongo.record import Records
from libs.mongo.release import Joined, MemberMove, Released, Shares
from libs.mongo.values import Outcome, Saved
from libs.origin import Origin, Stamp
from libs.rpc.directory import CustomerDirectory
from services.preference import merging, model, splitting
from services.preference.chain.sealing import sealed, sealed_events
from services.preference.events import Event, PreferencesParted, PreferencesReleased, PreferencesSealed
from services.preference.model import Act, Change, OptIn, Statement
from services.preference.records import record_from_document
from services.preference.store import CONFIRMATIONS, CONSENT_RECORDS
from services.preference.values import ConsentRecord, Preferences

MOVING = (CONSENT_RECORDS, CONFIRMATIONS)
"""What of a visit goes back to whose visit it was, where a merge is undone."""


@dataclass(frozen=True, slots=True)
class PreferenceBook:
    """What can be done with preferences and consents."""

    records: Records[Preferences, Event]
    database: Database
    directory: CustomerDirectory
    clock: Clock
    new_id: NewId
    new_seed: Callable[[], bytes]
    """Gives 32 random bytes, for the salts of a command's entries in the chain."""

    async def get(self, customer_id: str) -> Saved[Preferences]:
        """Give what the customer said, as committed now; nothing where they never did. Raises CUSTOMER_NOT_FOUND."""
        saved = await self.records.get(customer_id)
        if saved.exists:
            return saved
        standing = await self.directory.standing_as_far_as_known(customer_id)
        return saved if standing == customer_id else await self.records.get(standing)

    async def get_many(self, customer_ids: Sequence[str]) -> dict[str, Saved[Preferences]]:
        """Give the preferences that exist, by the id asked for."""
        return await self.records.get_many(customer_ids)

    async def update(
        self, customer_id: str, wanted: Preferences, mask: Sequence[str], *, etag: str, stamp: Stamp
    ) -> Outcome[Preferences]:
        """Set the fields named in the mask."""
        act = self.act(stamp)

        def decide(saved: Saved[Preferences]) -> Change:
            check_etag(saved, etag)
            return model.update(saved.state, wanted, mask, act=act)

        return await self.records.run(customer_id, stamp, decide)

    async def set_consent(
        self, customer_id: str, statement: Statement, *, etag: str, stamp: Stamp, opt_in: OptIn | None = None
    ) -> Outcome[Preferences]:
        """Note a yes or a no; the fact `record_id` names its proof. With `opt_in` a yes waits for its confirmation."""
        act, record_id, seed = self.act(stamp), self.new_id("con"), self.new_seed()

        def decide(saved: Saved[Preferences]) -> Change:
            check_etag(saved, etag)
            change = model.set_consent(saved.state, statement, act=act, record_id=record_id, opt_in=opt_in)
            return sealed(change, chain_id=saved.customer_id, seed=seed)

        return await self.records.run(customer_id, stamp, decide)

    async def list_records(
        self, customer_id: str, *, position: Position | None, limit: int
    ) -> tuple[str, list[ConsentRecord], Position | None]:
        """Give one page of proofs, newest first, whose they are today, and where the next page begins."""
        saved = await self.get(customer_id)
        documents, following = await page(self.database, CONSENT_RECORDS, saved, position=position, limit=limit)
        return saved.customer_id, [record_from_document(document) for document in documents], following

    async def absorb(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        origin: Origin,
        merge_time: datetime | None = None,
    ) -> tuple[bool, Saved[Preferences]]:
        """Seal the source's record and take over what it said; False where that was done before.

        `merge_time` is when the merge was decided, None for now: what is said after it counts as said after it.
        """
        now, seed = self.clock(), self.new_seed()

        def decide(source: Saved[Preferences], survivor: Saved[Preferences]) -> Change:
            change = merging.absorb(
                survivor.state,
                source.state,
                merge_id=merge_id,
                source_customer_id=source_customer_id,
                merge_time=merge_time or now,
                now=now,
            )
            return sealed(change, chain_id=survivor.customer_id, seed=seed)

        absorbed_now = await self.records.absorb(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            seal=PreferencesSealed(now, merge_id, survivor_customer_id),
            decide=decide,
        )
        return absorbed_now, await self.records.standing(survivor_customer_id)

    async def release(
        self,
        *,
        merge_id: str,
        source_customer_id: str,
        survivor_customer_id: str,
        source_session_ids: frozenset[str],
        merge_time: datetime,
        origin: Origin,
    ) -> Released[Preferences]:
        """Undo a merge: both customers have their own word again, and a no that was said since is a no on both sides.

        What was said in the visits `source_session_ids` is the source's. Safe to repeat. Raises UNMERGE_NOT_POSSIBLE.
        """
        now, seed = self.clock(), self.new_seed()

        def decide(joined: Joined[Preferences]) -> Shares[Preferences, Event]:
            parted = splitting.split(
                joined.survivor.state,
                before=joined.before or joined.survivor.state,
                source=joined.source.state,
                source_session_ids=source_session_ids,
                merge_time=merge_time,
            )
            source = joined.source.state
            note = merging.note_of(source, merge_id=merge_id, source_customer_id=source_customer_id, released=True)
            told = PreferencesParted(now, merge_id, source_customer_id, note)
            chain_id = joined.survivor.customer_id
            head, (noted,) = sealed_events(joined.survivor.state.chain, [told], chain_id=chain_id, seed=seed)
            return Shares(
                survivor=replace(parted.survivor, chain=head),
                source=replace(parted.source, chain=source.chain),
                parted=noted,
            )

        return await self.records.release(
            merge_id=merge_id,
            source_customer_id=source_customer_id,
            survivor_customer_id=survivor_customer_id,
            origin=origin,
            parted=PreferencesParted(now, merge_id, source_customer_id),
            released=PreferencesReleased(now, merge_id, survivor_customer_id),
            decide=decide,
            moves=[MemberMove(name, {"session_id": {"$in": sorted(source_session_ids)}}) for name in MOVING],
        )

    def act(self, stamp: Stamp) -> Act:
        """Say what a command's changes know about it, as of now."""
        now = self.clock()
        return Act(origin=stamp.origin, time=now, issue_time=stamp.issue_time or now)


def check_etag(saved: Saved[Preferences], etag: str) -> None:
    """Refuse a change of another version than the caller saw; an empty etag means any. Raises ETAG_MISMATCH."""
    if etag and etag != saved.etag():
        raise etag_mismatch()
