"""Coordinates: load, decide, save. Each operation is one story of what the service is asked to do."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError, customer_erased, etag_mismatch
from libs.mongo.record import Records
from libs.mongo.values import Decision, Outcome, Saved
from libs.origin import Origin, Stamp
from services.profile.details import DetailsUpdate, update_details
from services.profile.errors import merge_not_found, nobody_holds_it
from services.profile.etags import profile_etag
from services.profile.forgetting import Forgetting
from services.profile.identify import Identification
from services.profile.linking import Introduction
from services.profile.living import checked, living
from services.profile.merges import Merges
from services.profile.merging import complete
from services.profile.model import Identifier, Profile
from services.profile.rules import IdentityRules
from services.profile.store import Announced, decision_of

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Profiles:
    """What can be done with customers."""

    records: Records[Profile, Announced]
    identification: Identification
    merges: Merges
    forgetting: Forgetting
    clock: Clock
    rules: IdentityRules

    async def identify(self, told: Introduction, stamp: Stamp) -> Outcome[Profile]:
        """Find or create the customer whom identifiers mean; see `Identification.identify`."""
        return await self.identification.identify(told, stamp)

    async def get(self, customer_id: str) -> Saved[Profile]:
        """Give the customer who stands for an id today. Raises CUSTOMER_NOT_FOUND."""
        return await self._carried_out(await living(self.records, customer_id))

    async def get_by_identifier(self, identifier: Identifier, origin: Origin) -> Saved[Profile]:
        """Give the customer who holds an identifier. Raises CUSTOMER_NOT_FOUND."""
        saved = await self.identification.find(identifier, origin)
        if saved is None:
            raise nobody_holds_it()
        return await self._carried_out(saved)

    async def get_many(self, customer_ids: Sequence[str]) -> dict[str, Saved[Profile]]:
        """Give the customers that exist, by the id asked for."""
        found = await self.records.get_many(customer_ids)
        return {asked: saved for asked, saved in found.items() if saved.state.create_time is not None}

    async def update(self, customer_id: str, update: DetailsUpdate, *, etag: str, stamp: Stamp) -> Outcome[Profile]:
        """Change the named fields. Raises CUSTOMER_NOT_FOUND, ETAG_MISMATCH, TRAIT_LIMIT."""

        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            checked(saved, customer_id)
            if etag and etag != profile_etag(saved):
                raise etag_mismatch()
            entrance = customer_id if customer_id != saved.customer_id else ""
            return decision_of(update_details(saved.state, update.by(entrance)), occur_time=stamp.issue_time)

        return await self.records.run(customer_id, stamp, decide)

    async def resolve(self, customer_id: str) -> str:
        """Give the id of the customer who stands for an id today. Raises as `everybody` does."""
        return (await self.everybody(customer_id))[0]

    async def everybody(self, customer_id: str) -> tuple[str, ...]:
        """Give the id of the customer who stands for an id today, then of those merged into them.

        Raises CUSTOMER_NOT_FOUND, or CUSTOMER_ERASED where that customer was forgotten.
        """
        saved = await self.records.standing(customer_id)
        if saved.erased:
            raise customer_erased(customer_id)
        return checked(saved, customer_id).lineage

    async def complete_merge(
        self, *, merge_id: str, survivor_customer_id: str, area: str, origin: Origin
    ) -> tuple[str, ...]:
        """Note that an area has absorbed a merge, and give those that have not. Raises MERGE_NOT_FOUND."""
        if (await self.records.standing(survivor_customer_id)).erased:
            return ()
        saved = await self.get(survivor_customer_id)
        pending = _pending_areas(saved, merge_id)
        if area not in pending:
            return pending
        stamp = Stamp(
            request_id=f"complete:{merge_id}:{area}",
            body_hash=hashlib.sha256(f"{merge_id}\0{area}".encode()).digest(),
            issue_time=None,
            origin=origin,
        )

        def decide(saved: Saved[Profile]) -> Decision[Profile, Announced]:
            return decision_of(complete(saved.state, merge_id, area))

        outcome = await self.records.run(saved.customer_id, stamp, decide)
        return _pending_areas(outcome.saved, merge_id)

    async def _carried_out(self, saved: Saved[Profile]) -> Saved[Profile]:
        """Carry out what merges are left to do, where that works now: the profile as it is answers too."""
        try:
            return await self.merges.carry_out(saved)
        except OmnithreadError as error:
            log.warning("merge_not_carried_out", customer_id=saved.customer_id, reason=error.reason)
            return saved


def _pending_areas(saved: Saved[Profile], merge_id: str) -> tuple[str, ...]:
    """Give who has not absorbed a merge; nobody, where it is so long done that it is not shown any more."""
    for merge in saved.state.merges:
        if merge.merge_id == merge_id:
            return merge.pending_areas
    if merge_id in saved.absorbed:
        return ()
    raise merge_not_found(merge_id)
