"""Carries out undoings: gives both customers their records back, and follows how far the other services have come.

The survivor's record names the undoing until every area has carried it out, and so does the merged customer's.
Claims stay where they are, since each names the side that it came from; only what had to make room is claimed again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from libs.clock import Clock
from libs.errors import request_id_reused, unmerge_not_possible
from libs.mongo.record import Records
from libs.mongo.release import Joined, Shares
from libs.mongo.values import Decision, Saved
from libs.origin import Origin, Stamp
from services.profile.claims import CONFIRMED, Claim, Claims, Overtaken
from services.profile.errors import merge_not_found
from services.profile.events import CustomerReleased, CustomersUnmerged
from services.profile.living import living
from services.profile.merges import Merges
from services.profile.model import CustomerId, Merge, Profile, Undoing
from services.profile.rules import IdentityRules
from services.profile.splitting import Together, completed, new_undoing, part, returned, to_claim_again
from services.profile.store import Announced


@dataclass(frozen=True, slots=True)
class Unmerged:
    """Both customers after an undoing."""

    survivor: Saved[Profile]
    restored: Saved[Profile]
    merge: Merge
    replayed: bool
    """Whether an earlier call of the same request did it."""


@dataclass(frozen=True, slots=True)
class Unmerges:
    """What can be done about merges that were wrong."""

    records: Records[Profile, Announced]
    claims: Claims
    merges: Merges
    clock: Clock
    rules: IdentityRules

    async def undo(self, customer_id: str, merge_id: str, *, reason: str, stamp: Stamp) -> Unmerged:
        """Undo one merge; the same request again is told the same.

        Raises CUSTOMER_NOT_FOUND, MERGE_NOT_FOUND, REQUEST_ID_REUSED, and UNMERGE_NOT_POSSIBLE with `because`:
        `undone` by another request, `later_merge` to undo first, `too_old` to know how, `forgotten` customer.
        """
        saved = await self.merges.carry_out(await living(self.records, customer_id))
        merge = await self._merge(saved, customer_id, merge_id)
        if merge.undoing is not None:
            _check_same(merge.undoing, reason, stamp)
        undoing = merge.undoing or new_undoing(
            now=self.clock(), actor_id=stamp.origin.actor_id, reason=reason, request_id=stamp.request_id
        )
        replayed = merge.undoing is not None
        await self._carry_out(saved, merge, undoing, stamp.origin)
        survivor = await self.records.get(saved.customer_id)
        merge = await self._merge(survivor, customer_id, merge_id)
        if merge.undoing is not None and merge.undoing.request_id != stamp.request_id:
            raise unmerge_not_possible("undone")
        restored = await self.records.get(merge.source_customer_id)
        return Unmerged(survivor=survivor, restored=restored, merge=merge, replayed=replayed)

    async def complete(self, *, merge_id: str, survivor_customer_id: str, area: str, origin: Origin) -> tuple[str, ...]:
        """Note that an area has undone a merge, and give those that have not. Raises MERGE_NOT_FOUND."""
        saved = await living(self.records, survivor_customer_id)
        merge = next((one for one in saved.state.merges if one.merge_id == merge_id and one.undoing), None)
        if merge is None or merge.undoing is None:
            if merge_id in saved.absorbed and merge_id in (await self._released(survivor_customer_id)):
                return ()  # so long done that it is not kept any more
            raise merge_not_found(merge_id)
        await self._carry_out(saved, merge, merge.undoing, origin)  # what a crash left to do of our own part
        left = tuple(pending for pending in merge.undoing.pending_areas if pending != area)
        if not left:
            await self._note(
                merge.source_customer_id, f"returned:{merge_id}", origin, lambda profile: returned(profile, merge_id)
            )
        if area in merge.undoing.pending_areas:
            await self._note(
                saved.customer_id,
                f"complete-unmerge:{merge_id}:{area}",
                origin,
                lambda profile: completed(profile, merge_id, area),
            )
        return left

    async def carry_on(self, customer_id: str, origin: Origin) -> None:
        """Finish the undoing of this customer's merge where somebody stopped in the middle of it."""
        sealed = await self.records.get_exact(customer_id)
        if not sealed.merge_id:
            return
        survivor = await self.records.get_exact(sealed.merged_into)
        for merge in survivor.state.merges:
            if merge.merge_id == sealed.merge_id and merge.undoing is not None:
                await self._carry_out(survivor, merge, merge.undoing, origin)

    async def _carry_out(self, saved: Saved[Profile], merge: Merge, undoing: Undoing, origin: Origin) -> None:
        source = await self.records.get_exact(merge.source_customer_id)
        if merge.merge_id not in source.released and source.merge_id != merge.merge_id:
            raise unmerge_not_possible("forgotten")
        begun = merge.undoing is not None or merge.merge_id in source.released
        lost = frozenset[str]() if begun else await self._claim_again(saved, source, merge)

        def decide(joined: Joined[Profile]) -> Shares[Profile, Announced]:
            both = self._together(joined.survivor, joined.source, joined.before, lost_keys=lost)
            if not any(one.merge_id == merge.merge_id for one in joined.survivor.state.merges):
                raise unmerge_not_possible("too_old")
            apart = part(both, merge.merge_id, undoing)
            return Shares(survivor=apart.survivor, source=apart.source)

        parted = CustomersUnmerged(merge_id=merge.merge_id, source_customer_id=merge.source_customer_id)
        released = CustomerReleased(merge_id=merge.merge_id, survivor_customer_id=CustomerId(saved.customer_id))
        await self.records.release(
            merge_id=merge.merge_id,
            source_customer_id=merge.source_customer_id,
            survivor_customer_id=saved.customer_id,
            origin=origin,
            parted=Announced(event=parted, occur_time=None),
            released=Announced(event=released, occur_time=None),
            decide=decide,
        )

    async def _claim_again(self, saved: Saved[Profile], source: Saved[Profile], merge: Merge) -> frozenset[str]:
        """Claim what had to make room for its owner, and give the keys that lead to somebody else by now."""
        before = await self._before(saved.customer_id, merge.merge_id)
        owners = to_claim_again(self._together(saved, source, before), merge.merge_id)
        lost: set[str] = set()
        for key, owner in owners.items():
            if not await self._claimed(key, owner, merge):
                lost.add(key)
        return frozenset(lost)

    async def _claimed(self, key: str, owner: CustomerId, merge: Merge) -> bool:
        claim = Claim(key=key, customer_id=owner, claim_time=self.clock(), channel=merge.channel, token=CONFIRMED)
        try:
            await self.claims.make([claim])
        except Overtaken:
            present = (await self.claims.find([key])).get(key)
            return present is not None and present.customer_id == owner
        return True

    async def _before(self, customer_id: str, merge_id: str) -> Profile | None:
        report = await self.records.find_merge_report(merge_id, customer_id)
        return report.before if report else None

    def _together(
        self,
        survivor: Saved[Profile],
        source: Saved[Profile],
        before: Profile | None,
        *,
        lost_keys: frozenset[str] = frozenset(),
    ) -> Together:
        return Together(
            survivor=survivor.state,
            source=source.state,
            before=before,
            lineage=frozenset(source.lineage),
            rules=self.rules,
            lost_keys=lost_keys,
        )

    async def _merge(self, saved: Saved[Profile], customer_id: str, merge_id: str) -> Merge:
        for merge in saved.state.merges:
            if merge.merge_id == merge_id:
                return merge
        if merge_id not in saved.absorbed:
            raise merge_not_found(merge_id)
        asked = await self.records.get_exact(customer_id)
        here = asked.customer_id == saved.customer_id
        raise unmerge_not_possible("too_old" if here else "later_merge")

    async def _released(self, customer_id: str) -> tuple[str, ...]:
        return (await self.records.get_exact(customer_id)).released

    async def _note(self, customer_id: str, name: str, origin: Origin, change: Callable[[Profile], Profile]) -> None:
        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            return Decision(change(saved.state))

        await self.records.run(customer_id, Stamp.internal(name, origin), decide)


def _check_same(undoing: Undoing, reason: str, stamp: Stamp) -> None:
    if undoing.request_id != stamp.request_id:
        raise unmerge_not_possible("undone")
    if (undoing.reason, undoing.actor_id) != (reason, stamp.origin.actor_id):
        raise request_id_reused()
