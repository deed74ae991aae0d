"""What the claims to some identifiers say at one moment: who holds them, and how those customers' records stand."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from libs.mongo.record import Records
from libs.mongo.values import Saved
from services.profile.claims import Claim, Claims
from services.profile.model import CustomerId, Identifier, Profile
from services.profile.store import Announced
from services.profile.who import Holder


@dataclass(frozen=True, slots=True)
class Evidence:
    """Claims by key, and the living customers' records by the customer id that a claim names."""

    claims: Mapping[str, Claim]
    records: Mapping[str, Saved[Profile]]

    def holders(self, *, instead: Saved[Profile] | None = None) -> dict[str, Holder]:
        """Give the customer behind each claimed key; `instead` takes the place of what was read of that customer."""
        return {key: self._holder(claim, instead) for key, claim in self.claims.items()}

    def saved(self, customer_id: str | None) -> Saved[Profile] | None:
        """Give what was read of a living customer; None for one without a record."""
        return next((saved for saved in self.records.values() if saved.customer_id == customer_id), None)

    def entrance(self, identifiers: Iterable[Identifier], customer_id: CustomerId) -> CustomerId:
        """Give the id through which the strongest identifier leads to this customer.

        A request that was carried out before one of its customers was merged away is remembered there, or further on.
        """
        leading = [
            (one.kind.strength, self.claims[one.key].customer_id)
            for one in identifiers
            if one.identifies and self._leads_to(one.key, customer_id)
        ]
        return max(leading)[1] if leading else customer_id

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
        return sorted(free, key=lambda one: (-one.kind.strength, one.key))

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
        return key in self.claims and self._holder(self.claims[key]).customer_id == customer_id

    def _holder(self, claim: Claim, instead: Saved[Profile] | None = None) -> Holder:
        saved = self.records.get(claim.customer_id)
        standing = CustomerId(saved.customer_id) if saved else claim.customer_id
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
    claims: Claims, records: Records[Profile, Announced], identifiers: Sequence[Identifier]
) -> Evidence:
    """Read the claims, then the records they lead to: one query each, and one more per merge hop."""
    found = await claims.find(one.key for one in identifiers if one.identifies)
    saved = await records.get_many(sorted({claim.customer_id for claim in found.values()})) if found else {}
    return Evidence(claims=found, records=saved)
