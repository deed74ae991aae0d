"""Carries out merges that were decided: seals the source, and gives the survivor what it held.

The survivor's record names them until that is done, so whoever comes by after a crash can go on: the next Identify or
GetProfile of the survivor, or the sweep. Several may do so at once; each step counts once.
"""

import hashlib
from dataclasses import dataclass

from libs.mongo.record import Records
from libs.mongo.values import Decision, Saved
from libs.origin import Stamp
from services.profile.claims import Claims
from services.profile.events import CustomerSealed
from services.profile.merging import may_be_merged_away, merge, without_reservation
from services.profile.model import Profile, Reservation
from services.profile.rules import IdentityRules
from services.profile.store import Announced, decision_of


@dataclass(frozen=True, slots=True)
class Merges:
    """What can be done about decided merges."""

    records: Records[Profile, Announced]
    claims: Claims
    rules: IdentityRules

    async def carry_out(self, saved: Saved[Profile]) -> Saved[Profile]:
        """Carry out all that were decided on this record, oldest first, and give the record as it is then."""
        if not saved.state.incoming:
            return saved
        for reservation in saved.state.incoming:
            await self._carry_out(saved, reservation)
        return await self.records.get(saved.customer_id)

    async def _carry_out(self, survivor: Saved[Profile], reservation: Reservation) -> None:
        dropped: set[str] = set()

        def decide(source: Saved[Profile], survivor: Saved[Profile]) -> Decision[Profile, Announced]:
            change = merge(source.state, survivor.state, reservation, rules=self.rules)
            dropped.clear()
            dropped.update(change.dropped_keys)
            return decision_of(change)

        done_now = await self.records.absorb(
            merge_id=reservation.merge_id,
            source_customer_id=reservation.source_customer_id,
            survivor_customer_id=survivor.customer_id,
            origin=reservation.origin,
            seal=Announced(
                event=CustomerSealed(merge_id=reservation.merge_id, survivor_customer_id=survivor.state.customer_id),
                occur_time=None,
            ),
            decide=decide,
            may_seal=lambda source: may_be_merged_away(source.state, survivor.state, reservation.rule),
        )
        if done_now:
            if dropped:
                lineage = (await self.records.get(survivor.customer_id)).lineage
                await self.claims.drop(dropped, customer_ids=lineage)
            return
        source = await self.records.get_exact(reservation.source_customer_id)
        present = await self.records.get(survivor.customer_id)
        over = source.merge_id != reservation.merge_id or source.absorption_done
        if over and any(one.merge_id == reservation.merge_id for one in present.state.incoming):
            await self._give_up(present, reservation)

    async def _give_up(self, survivor: Saved[Profile], reservation: Reservation) -> None:
        """Forget a merge whose source became known meanwhile, or became part of somebody else, or of this one already.

        The last is so where the source was taken over here before the one who had decided on it was.
        """
        stamp = Stamp(
            request_id=f"give-up:{reservation.merge_id}:{survivor.version}",
            body_hash=hashlib.sha256(reservation.merge_id.encode()).digest(),
            issue_time=None,
            origin=reservation.origin,
        )

        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            return decision_of(without_reservation(saved.state, reservation.merge_id))

        await self.records.run(survivor.customer_id, stamp, decide)
