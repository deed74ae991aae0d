"""Coordinates what staff does about who is who: making one customer of two, taking that back, asking why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from libs.clock import Clock
from libs.errors import actor_required, conflict, merge_not_possible
from libs.ids import NewId
from libs.merged_things import MergedThing
from libs.mongo.record import Records
from libs.mongo.requests import check_not_ahead
from libs.mongo.values import Decision, Saved
from libs.origin import Origin, Stamp
from services.profile.claims import Claim, Claims
from services.profile.errors import merge_not_found
from services.profile.linking import Introduction, introduce
from services.profile.living import living
from services.profile.merges import Merges
from services.profile.merging import precedes
from services.profile.model import CustomerId, Merge, MergeId, MergeRule, Profile, Reservation
from services.profile.store import Announced, decision_of
from services.profile.unmerges import Unmerged, Unmerges
from services.profile.who import MOST_MERGED

MOST_PROOFS = 40
"""E-mails, phones, cards and accounts of one customer, that staff may bring together."""


@dataclass(frozen=True, slots=True)
class StaffMerge:
    """One customer made of two."""

    saved: Saved[Profile]
    merge: Merge
    replayed: bool


@dataclass(frozen=True, slots=True)
class Identities:
    """What can be done about who is who."""

    records: Records[Profile, Announced]
    claims: Claims
    merges: Merges
    unmerges: Unmerges
    clock: Clock
    new_id: NewId

    async def merge(self, one_id: str, other_id: str, *, reason: str, stamp: Stamp) -> StaffMerge:
        """Make one customer of two; who is known and older remains.

        Raises ACTOR_REQUIRED, CUSTOMER_NOT_FOUND, and MERGE_NOT_POSSIBLE with `because`: `one_already`,
        `too_many_customers`, `too_many_identifiers`, `being_parted`, `changed_meanwhile`.
        """
        if not stamp.origin.actor_id:
            raise actor_required()
        if (known := await self._recalled(one_id, other_id, stamp)) is not None:
            return known
        one, other = [
            await self.merges.carry_out(await living(self.records, customer_id)) for customer_id in (one_id, other_id)
        ]
        survivor, source = (one, other) if precedes(one.state, other.state) else (other, one)
        are_one = survivor.customer_id == source.customer_id
        if are_one and (known := await self._recalled(one_id, other_id, stamp)) is not None:
            return known  # another copy of this very request made them one after it was looked for
        _check_possible(survivor, source)
        reservation = Reservation(
            merge_id=MergeId(self.new_id("mrg")),
            source_customer_id=CustomerId(source.customer_id),
            merge_time=self.clock(),
            origin=stamp.origin,
            rule=MergeRule.STAFF_DECIDED,
            reason=reason,
        )

        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            if saved.customer_id != survivor.customer_id:
                raise conflict()
            told = Introduction(identifiers=(), guests=(reservation,))
            change = introduce(
                saved.state, told, now=self.clock(), channel=reservation.channel, rules=self.unmerges.rules
            )
            reserved = next(one for one in change.profile.incoming if one.source_customer_id == source.customer_id)
            return decision_of(change, facts={"merge_id": reserved.merge_id})

        outcome = await self.records.run(survivor.customer_id, stamp, decide)
        return _merged(await self.merges.carry_out(outcome.saved), outcome.facts["merge_id"], replayed=outcome.replayed)

    async def _recalled(self, one_id: str, other_id: str, stamp: Stamp) -> StaffMerge | None:
        for customer_id in (one_id, other_id):
            known = await self.records.recall(customer_id, stamp)
            if known is not None:  # a crash, or the end of the call's time, may have left the merge decided only
                saved = await self.merges.carry_out(known.saved)
                return _merged(saved, known.facts["merge_id"], replayed=True)
        return None

    async def unmerge(self, customer_id: str, merge_id: str, *, reason: str, stamp: Stamp) -> Unmerged:
        """Undo one merge. Raises ACTOR_REQUIRED, and as `Unmerges.undo` does."""
        if not stamp.origin.actor_id:
            raise actor_required()
        check_not_ahead(stamp, self.clock())
        return await self.unmerges.undo(customer_id, merge_id, reason=reason, stamp=stamp)

    async def complete_unmerge(
        self, *, merge_id: str, survivor_customer_id: str, area: str, origin: Origin
    ) -> tuple[str, ...]:
        """Note that an area has undone a merge, and give those that have not. Raises MERGE_NOT_FOUND."""
        return await self.unmerges.complete(
            merge_id=merge_id, survivor_customer_id=survivor_customer_id, area=area, origin=origin
        )

    async def list_merges(self, customer_id: str) -> Sequence[Merge]:
        """Give a customer's merges, newest first, undone ones too; at most 50, and those not done everywhere."""
        return tuple(reversed((await living(self.records, customer_id)).state.merges))

    async def explain(self, customer_id: str) -> tuple[Saved[Profile], Mapping[str, Claim]]:
        """Give a customer, and what is noted of the identifiers that lead or led there, by key. Two reads."""
        saved = await living(self.records, customer_id)
        return saved, await self.claims.find(saved.state.held_keys)

    async def merge_outcome(self, merge_id: str, survivor_customer_id: str) -> tuple[Merge, Sequence[MergedThing]]:
        """Say what a merge did here. Raises MERGE_NOT_FOUND."""
        for saved in (await self.records.get(survivor_customer_id), await self.records.get_exact(survivor_customer_id)):
            for merge in saved.state.merges:
                if merge.merge_id == merge_id:
                    return merge, await self._things(merge_id, saved.customer_id)
        raise merge_not_found(merge_id)

    async def _things(self, merge_id: str, customer_id: str) -> Sequence[MergedThing]:
        report = await self.records.find_merge_report(merge_id, customer_id)
        return report.things if report else ()  # a merge from before reports


def _check_possible(survivor: Saved[Profile], source: Saved[Profile]) -> None:
    if survivor.customer_id == source.customer_id:
        raise merge_not_possible("one_already")
    if survivor.state.parting or source.state.parting:
        raise merge_not_possible("being_parted")
    if len(survivor.lineage) + len(source.lineage) - 1 > MOST_MERGED:
        raise merge_not_possible("too_many_customers")
    proofs = {
        held.identifier.key
        for profile in (survivor.state, source.state)
        for held in profile.identifiers
        if held.identifier.makes_known
    }
    if len(proofs) > MOST_PROOFS:
        raise merge_not_possible("too_many_identifiers")


def _merged(saved: Saved[Profile], merge_id: str, *, replayed: bool) -> StaffMerge:
    for merge in saved.state.merges:
        if merge.merge_id == merge_id:
            return StaffMerge(saved=saved, merge=merge, replayed=replayed)
    raise merge_not_possible("changed_meanwhile")
