"""Notes who uses whose device, where a known customer comes on a machine that leads to another one.

One small write, and none where that was noted lately. It comes after the customer's own record: a use that a crash
swallows is noted at the next visit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.mongo.record import Records
from libs.mongo.values import Saved
from services.profile.claims import Claim, Claims
from services.profile.evidence import Evidence
from services.profile.model import CustomerId, CustomerKind, Identifier, Profile
from services.profile.rules import IdentityRules, Sharing
from services.profile.sharing import is_news, with_use
from services.profile.store import Announced

MAX_TRIES = 5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Machines:
    """Counts the customers of devices and cookies."""

    records: Records[Profile, Announced]
    claims: Claims
    clock: Clock
    rules: IdentityRules

    async def note(self, identifiers: Sequence[Identifier], evidence: Evidence, customer: Saved[Profile]) -> None:
        """Note that this customer came with these identifiers. What cannot be noted now is at the next visit."""
        if customer.state.kind is not CustomerKind.KNOWN:
            return
        for one in identifiers:
            sharing, claim = self.rules.sharing(one.kind), evidence.claims.get(one.key)
            if sharing is None or claim is None or evidence.standing(claim) in customer.lineage:
                continue
            try:
                await self._note(claim, CustomerId(customer.customer_id), sharing)
            except OmnithreadError as error:
                log.warning("use_not_noted", kind=str(one.kind), reason=error.reason)

    async def _note(self, claim: Claim, customer_id: CustomerId, sharing: Sharing) -> None:
        current: Claim | None = claim
        for _ in range(MAX_TRIES):
            if current is None or not is_news(current.uses, customer_id, sharing=sharing, now=self.clock()):
                return
            known = await self.records.get_many(
                sorted({current.customer_id, *(use.customer_id for use in current.uses.others)})
            )
            standing = {CustomerId(asked): CustomerId(saved.customer_id) for asked, saved in known.items()}
            holder = known.get(current.customer_id)
            uses = with_use(
                current.uses,
                customer_id,
                holder_id=CustomerId(holder.customer_id)
                if holder is not None and holder.state.kind is CustomerKind.KNOWN
                else None,
                standing=standing,
                sharing=sharing,
                now=self.clock(),
            )
            if await self.claims.note_uses(current, uses):
                if uses.shared_time is not None:
                    log.info("machine_identifies_nobody_any_more", kind=claim.key.partition(":")[0])
                return
            current = (await self.claims.find([claim.key])).get(claim.key)
