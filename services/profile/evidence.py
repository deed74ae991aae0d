"""What the claims to some identifiers say at one moment: who holds them, and how those customers' records stand."""

from collections.abc import Collection as Many
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from libs.mongo.record import Records
from libs.mongo.values import Saved
from services.profile.claims import Claim, Claims
from services.profile.model import CustomerId, CustomerKind, Identifier, Profile
from services.profile.rules import IdentityRules
from services.profile.store import Announced
from services.profile.who import Holder

MOST_EVIDENCE = 10
"""Identifiers that are noted with a merge as what led to it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Claims by key, and the living customers' records by the customer id that a claim names."""

    claims: Mapping[str, Claim]
    records: Mapping[str, Saved[Profile]]
    rules: IdentityRules
    present_id: CustomerId | None = None
    """Who is there, whatever the identifiers say; that record is among `records` too."""
    continued_id: CustomerId | None = None
    """With whose visit this person goes on; that record is among `records` too."""

    @property
    def shared(self) -> frozenset[str]:
        """Give the keys of machines that so many use that they identify nobody."""
        return frozenset(key for key, claim in self.claims.items() if claim.uses.shared_time is not None)

    def present(self, *, instead: Saved[Profile] | None = None) -> Holder | None:
        """Give the customer who is there, None where only identifiers tell; `instead` as for `holders`."""
        return None if self.present_id is None else self._holder(self.present_id, instead)

    def continued(self, *, instead: Saved[Profile] | None = None) -> Holder | None:
        """Give the customer with whose visit this person goes on; `instead` as for `holders`."""
        return None if self.continued_id is None else self._holder(self.continued_id, instead)

    def standing(self, claim: Claim) -> str:
        """Give the living customer to whom a claim leads."""
        return self._holder(claim.customer_id).customer_id

    def holders(self, *, instead: Saved[Profile] | None = None) -> dict[str, Holder]:
        """Give the customer behind each claimed key; `instead` takes the place of what was read of that customer."""
        return {key: self._holder(claim.customer_id, instead) for key, claim in self.claims.items()}

    def saved(self, customer_id: str | None) -> Saved[Profile] | None:
        """Give what was read of a living customer; None for one without a record."""
        return next((saved for saved in self.records.values() if saved.customer_id == customer_id), None)

    def entrance(self, identifiers: Iterable[Identifier], customer_id: CustomerId) -> CustomerId:
        """Give the id through which the strongest identifier leads to this customer.

        A request that was carried out before one of its customers was merged away is remembered there, or further on.
        """
        if (present := self.present()) is not None and self.present_id and present.customer_id == customer_id:
            return self.present_id
        leading = [
            (self.rules.strength(one.kind), self.claims[one.key].customer_id)
            for one in identifiers
            if one.identifies and self._leads_to(one.key, customer_id)
        ]
        return max(leading)[1] if leading else customer_id

    def is_known(self, customer_id: str | None) -> bool:
        """Say whether the company knew who this is before the call."""
        saved = self.saved(customer_id)
        return saved is not None and saved.state.kind is CustomerKind.KNOWN

    def leading_to(self, customer_ids: Many[str], identifiers: Iterable[Identifier]) -> tuple[Identifier, ...]:
        """Give what leads to one of these customers, the strongest first, as the evidence for a merge of them."""
        leading = [one for one in identifiers if any(self._leads_to(one.key, customer) for customer in customer_ids)]
        return tuple(sorted(leading, key=lambda one: (-self.rules.strength(one.kind), one.key))[:MOST_EVIDENCE])

    def claimed_by(self, identifiers: Iterable[Identifier]) -> dict[str, str]:
        """Give whom the claims of those that are claimed name, by key."""
        return {one.key: self.claims[one.key].first_id for one in identifiers if one.key in self.claims}

    def still_leads_to(self, saved: Saved[Profile]) -> bool:
        """Say whether no merge was undone since by which claims led to this customer."""
        leading = (claim for claim in self.claims.values() if self._leads_to(claim.key, saved.customer_id))
        return all(claim.customer_id in saved.lineage for claim in leading)

    def unconfirmed(self, identifiers: Iterable[Identifier], customer_id: CustomerId) -> list[Claim]:
        """Give the claims that lead to this customer and are not on the record yet: somebody is at it, or crashed."""
        saved = self.saved(customer_id)
        held = saved.state.held_keys if saved else frozenset()
        return [
            self.claims[one.key]
            for one in identifiers
            if one.identifies and one.key not in held and self._leads_to(one.key, customer_id)
        ]

    def unclaimed(self, identifiers: Iterable[Identifier]) -> list[Identifier]:
        """Give the identifiers that nobody holds, the strongest first, then by key: the same order for every call."""
        free = [one for one in identifiers if one.identifies and one.key not in self.claims]
        return sorted(free, key=lambda one: (-self.rules.strength(one.kind), one.key))

    def own(self, identifiers: Iterable[Identifier], customer_id: CustomerId | None) -> tuple[Identifier, ...]:
        """Give those that belong on this customer's record: unproven, unclaimed, or leading there.

        What a guest holds comes with the merge.
        """
        return tuple(
            one
            for one in identifiers
            if not one.identifies or one.key not in self.claims or self._leads_to(one.key, customer_id)
        )

    def _leads_to(self, key: str, customer_id: str | None) -> bool:
        claim = self.claims.get(key)
        return claim is not None and key not in self.shared and self.standing(claim) == customer_id

    def _holder(self, customer_id: CustomerId, instead: Saved[Profile] | None = None) -> Holder:
        saved = self.records.get(customer_id)
        standing = CustomerId(saved.customer_id) if saved else customer_id
        if instead is not None and instead.customer_id == standing:
            saved = instead
        if saved is None or not saved.exists:
            return Holder(customer_id=standing, profile=None)
        return Holder(
            customer_id=standing,
            profile=saved.state,
            merged_count=len(saved.lineage) - 1 + len(saved.state.incoming),
        )


async def gather_evidence(
    claims: Claims,
    records: Records[Profile, Announced],
    identifiers: Sequence[Identifier],
    *,
    rules: IdentityRules,
    present_id: CustomerId | None = None,
    continued_id: CustomerId | None = None,
) -> Evidence:
    """Read the claims, then the records they lead to: one query each, and one more per merge hop."""
    found = await claims.find(one.key for one in identifiers if one.identifies and not rules.blocks(one))
    named = {one for one in (present_id, continued_id) if one}
    customer_ids = {claim.customer_id for claim in found.values() if claim.customer_id} | named
    saved = await records.get_many(sorted(customer_ids)) if customer_ids else {}
    return Evidence(claims=found, records=saved, rules=rules, present_id=present_id, continued_id=continued_id)
