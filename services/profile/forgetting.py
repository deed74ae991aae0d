"""Forgets customers. Profile does it before the other services, so that nobody is recognised any more.

Merges that were decided are carried out first: then everybody who is this person is known, and goes together.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from libs.clock import Clock
from libs.errors import CONFLICT, OmnithreadError, conflict, customer_not_found
from libs.mongo.connection import Database
from libs.mongo.erase import Eraser, only_merged_among
from libs.mongo.record import Records
from libs.mongo.tombstones import MayErase
from libs.mongo.values import Saved
from libs.origin import Origin
from omnithread.common.v1.privacy_pb2 import AreaErasure
from services.profile.claims import Claim, Claims
from services.profile.erased import ErasedIdentifiers
from services.profile.events import CustomerErased
from services.profile.evidence_left import forget_evidence
from services.profile.merges import Merges
from services.profile.model import Profile
from services.profile.privacy import HOLDINGS
from services.profile.store import Announced

MAX_ROUNDS = 5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What is done to forget somebody."""

    records: Records[Profile, Announced]
    database: Database
    claims: Claims
    merges: Merges
    erased: ErasedIdentifiers
    clock: Clock

    async def erase(self, customer_id: str, *, erasure_id: str, origin: Origin) -> tuple[AreaErasure, tuple[str, ...]]:
        """Forget who stands for an id today with all merged into them; give the receipt and whom it is about.

        Raises CUSTOMER_NOT_FOUND, and CONFLICT while merges, or the undoing of one, are on their way.
        """
        eraser = self._eraser()
        for _ in range(MAX_ROUNDS):
            saved = await self.records.standing(customer_id)
            if not saved.exists:
                raise customer_not_found(customer_id)
            try:
                if saved.state.incoming:
                    await self.merges.carry_out(saved)
                    continue
                receipt = await eraser.erase(
                    saved.lineage, erasure_id=erasure_id, origin=origin, may_erase=_may_erase(saved.lineage)
                )
            except OmnithreadError as error:
                if error.reason != CONFLICT:
                    raise
                log.info("erasure_waits", customer_id=saved.customer_id)
                continue
            return receipt, saved.lineage
        raise conflict()

    async def release(self, claims: Sequence[Claim]) -> bool:
        """Free identifiers whose claims lead to somebody who was forgotten; say whether there was one.

        They are left where an erasure, or somebody who was just linking them, stopped half way.
        """
        left = [claim for claim in claims if (await self.records.standing(claim.customer_id)).erased]
        await self.erased.keep((claim.key for claim in left), now=self.clock())
        await self.claims.release(left)
        return bool(left)

    def _eraser(self) -> Eraser[Profile, Announced]:
        return Eraser(
            records=self.records,
            database=self.database,
            holdings=HOLDINGS,
            event=lambda erasure_id, _now: Announced(event=CustomerErased(erasure_id), occur_time=None),
            clock=self.clock,
            before_lists=self._before_lists,
        )

    async def _before_lists(self, customer_ids: Sequence[str]) -> None:
        keys = await self.claims.keys_of(customer_ids)
        await self.erased.keep(keys, now=self.clock())
        await forget_evidence(self.database, customer_ids)


def _may_erase(customer_ids: Sequence[str]) -> MayErase[Profile]:
    as_merged: MayErase[Profile] = only_merged_among(customer_ids)

    def check(saved: Saved[Profile]) -> None:
        as_merged(saved)
        if saved.merged_into:
            return
        if saved.state.incoming:
            raise conflict()  # decided since: who is about to become a part of this customer goes with them
        if saved.state.parting:
            raise conflict()  # the other one gets back what is theirs first

    return check
