"""Creates the records of customers who exist only as claims: somebody is about to, or crashed before it.

Claims of one person may name several such customers, where two channels began at once and one crashed. One of them
becomes the customer, the others lead there; claims are not moved, since somebody may be building on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.channel import Channel
from libs.clock import Clock
from libs.ids import NewId
from libs.mongo.record import Records
from libs.mongo.values import Decision, Saved
from libs.origin import Origin, Stamp
from services.profile.claims import Claims, Overtaken
from services.profile.evidence import Evidence
from services.profile.linking import Introduction, introduce
from services.profile.merges import Merges
from services.profile.model import CustomerId, Identifier, MergeRule, Profile
from services.profile.planning import reservations
from services.profile.rules import IdentityRules
from services.profile.store import Announced, decision_of


@dataclass(frozen=True, slots=True)
class Settling:
    """Gives claims without a record their customer."""

    records: Records[Profile, Announced]
    claims: Claims
    merges: Merges
    clock: Clock
    new_id: NewId
    rules: IdentityRules

    async def settle(
        self,
        identifiers: Sequence[Identifier],
        evidence: Evidence,
        *,
        customer_id: CustomerId,
        others: Sequence[CustomerId],
        origin: Origin,
    ) -> bool:
        """Create `customer_id` where it has no record, and let `others`, who have none, lead there.

        Says whether this call created it. Raises Overtaken where the claims have changed meanwhile.
        """
        begun = evidence.unconfirmed(identifiers, customer_id)
        await self.claims.confirm(begun)
        keys = {claim.key for claim in begun}
        introduction = Introduction(
            identifiers=tuple(one for one in identifiers if one.identifies and one.key in keys),
            claimed_by={claim.key: claim.customer_id for claim in begun},
            guests=reservations(
                others,
                rules=dict.fromkeys(others, MergeRule.CREATED_TWICE),
                evidence={other: evidence.leading_to({other, customer_id}, identifiers) for other in others},
                new_id=self.new_id,
                clock=self.clock,
                origin=origin,
            ),
        )

        created = False

        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            nonlocal created
            created = not saved.exists
            if saved.customer_id != customer_id or (saved.exists and not evidence.still_leads_to(saved)):
                raise Overtaken
            channel = Channel(id=origin.channel_id, kind=origin.channel_kind)
            change = introduce(saved.state, introduction, now=self.clock(), channel=channel, rules=self.rules)
            return decision_of(change)

        stamp = Stamp(request_id=self.new_id("set"), body_hash=b"", issue_time=None, origin=origin)
        outcome = await self.records.run(customer_id, stamp, decide)
        await self.merges.carry_out(outcome.saved)
        return created
