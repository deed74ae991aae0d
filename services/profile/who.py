"""Who is this? Weighs what identifiers say against each other, and decides which customer they mean.

Guests are merged into whom they turn out to be; two people whom the company knows are never merged by themselves.
Where identifiers disagree, the strongest decides (`rules`: loyalty card, e-mail, phone, social account, device,
cookie), then the older customer; what points to another known customer is set aside. So is a device that too many
use, and what is no value at all (`null`).

A cookie or device alone does not let a second e-mail (phone, card, account) in: somebody who logs in with a new one on
a known customer's tablet is somebody else, until a proof of that customer comes along.
"""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.profile.merging import are_kept_apart
from services.profile.model import CustomerId, CustomerKind, Identifier, Profile
from services.profile.rules import IdentityRules

MOST_MERGED = 500
"""So many customers may become one; a guest beyond that stays apart, and what leads to it is set aside."""


class SetAsideReason(enum.StrEnum):
    """Why an identifier was not used to find the customer."""

    HELD_BY_ANOTHER = "held_by_another"
    UNVERIFIED = "unverified"
    SHARED = "shared"
    """Too many customers use this machine."""
    BLOCKED = "blocked"
    """It is no value at all."""


NOT_LINKED = frozenset({SetAsideReason.HELD_BY_ANOTHER, SetAsideReason.SHARED, SetAsideReason.BLOCKED})
"""An unverified claim is kept, these are not."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer to whom claims of the request lead."""

    customer_id: CustomerId
    profile: Profile | None
    """None where claims were made and no record followed: whoever made them is still at it, or crashed."""
    merged_count: int = 0
    """How many customers became part of this one, or are about to."""

    @property
    def known(self) -> bool:
        """Whether the company knows who this is."""
        return self.profile is not None and self.profile.kind is CustomerKind.KNOWN

    @property
    def age(self) -> tuple[datetime, str]:
        """Give an order that never changes, the oldest first. Only for a customer with a record."""
        if self.profile is None or self.profile.create_time is None:
            raise LookupError("a customer without a record has no age")
        return self.profile.create_time, self.customer_id


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who it is, and what follows from that."""

    customer_id: CustomerId | None
    """None where nobody is."""
    guests: tuple[CustomerId, ...] = ()
    """Customers to merge into this one, oldest first. All were anonymous when this was decided."""
    unborn: tuple[CustomerId, ...] = ()
    """Customers without a record whose claims belong to this one."""
    linked: tuple[Identifier, ...] = ()
    """What belongs on the record, in the order of the request; unverified claims among it."""
    set_aside: tuple[tuple[Identifier, SetAsideReason], ...] = ()
    """What was not used to find the customer, in the order of the request."""


def decide_who(
    told: Sequence[Identifier],
    holders: Mapping[str, Holder],
    *,
    rules: IdentityRules,
    shared: frozenset[str] = frozenset(),
    present: Holder | None = None,
    continued: Holder | None = None,
) -> Verdict:
    """Decide whom the identifiers mean; `holders` has the living customer behind each key that is claimed.

    `shared` has the keys of machines that identify nobody any more; `present` is a customer who is known to be there,
    which no identifier proves better. `continued` is the customer with whose visit this person goes on: a guest is
    found with the others, and somebody who is known is not looked at.
    """
    identifiers = [one for one in told if one.key not in shared and not rules.blocks(one)]
    pointing = {one.key: holders[one.key] for one in identifiers if one.identifies and one.key in holders}
    found = {holder.customer_id: holder for holder in pointing.values()}
    best = {
        customer_id: max(rules.strength(one.kind) for one in identifiers if _points_to(one, pointing, customer_id))
        for customer_id in found
    }
    if present is not None:
        found[present.customer_id] = present
        best[present.customer_id] = len(rules.strongest_first) + 1
    if continued is not None and continued.profile is not None and not continued.known:
        found.setdefault(continued.customer_id, continued)
    known = sorted(
        (holder for holder in found.values() if holder.known), key=lambda one: (-best[one.customer_id], one.age)
    )
    chosen = next(
        (holder for holder in known if holder == present or not _somebody_else(identifiers, pointing, holder)), None
    )
    guests = sorted(
        (holder for holder in found.values() if holder.profile is not None and not holder.known),
        key=lambda one: one.age,
    )
    chosen = chosen or (guests[0] if guests else None)
    # Claims are made strongest first: who has only stronger ones may yet lose the weaker one, and will then take them
    # back, while the holder of the weakest gets on. Were another chosen, it might write its record at this moment.
    unborn = sorted(
        (holder.customer_id for holder in found.values() if holder.profile is None), key=lambda one: (best[one], one)
    )
    customer_id = chosen.customer_id if chosen else (unborn[0] if unborn else None)
    free = [holder for holder in guests if chosen and holder != chosen and not _kept_from(holder, chosen)]
    merged = _that_fit(chosen, free) if chosen else []
    others = {holder.customer_id for holder in (*known, *guests) if holder != chosen and holder not in merged}
    set_aside = tuple(
        (one, reason)
        for one in told
        if (reason := _reason_to_set_aside(one, pointing, others, rules=rules, shared=shared)) is not None
    )
    not_linked = {one for one, reason in set_aside if reason in NOT_LINKED}
    return Verdict(
        customer_id=customer_id,
        guests=tuple(holder.customer_id for holder in merged),
        unborn=tuple(one for one in unborn if one != customer_id),
        linked=tuple(one for one in told if one not in not_linked),
        set_aside=set_aside,
    )


def _that_fit(survivor: Holder, guests: Sequence[Holder]) -> list[Holder]:
    fitting: list[Holder] = []
    count = survivor.merged_count
    for guest in guests:
        if count + 1 + guest.merged_count <= MOST_MERGED:
            fitting.append(guest)
            count += 1 + guest.merged_count
    return fitting


def _kept_from(guest: Holder, chosen: Holder) -> bool:
    """Whether the two were one by mistake before, or are being parted just now."""
    if guest.profile is None or chosen.profile is None:
        return False
    return guest.profile.parting or chosen.profile.parting or are_kept_apart(guest.profile, chosen.profile)


def _points_to(identifier: Identifier, pointing: Mapping[str, Holder], customer_id: CustomerId) -> bool:
    holder = pointing.get(identifier.key) if identifier.identifies else None
    return holder is not None and holder.customer_id == customer_id


def _somebody_else(identifiers: Sequence[Identifier], pointing: Mapping[str, Holder], known: Holder) -> bool:
    """Whether only a machine points to this known customer, and a proof of somebody else comes with it."""
    if known.profile is None or any(
        one.makes_known and _points_to(one, pointing, known.customer_id) for one in identifiers
    ):
        return False
    proofs = {held.identifier.kind: held for held in known.profile.identifiers if held.identifier.makes_known}
    return any(one.makes_known and one.kind in proofs for one in identifiers)


def _reason_to_set_aside(
    identifier: Identifier,
    pointing: Mapping[str, Holder],
    others: set[CustomerId],
    *,
    rules: IdentityRules,
    shared: frozenset[str],
) -> SetAsideReason | None:
    if rules.blocks(identifier):
        return SetAsideReason.BLOCKED
    if identifier.key in shared:
        return SetAsideReason.SHARED
    if not identifier.identifies:
        return SetAsideReason.UNVERIFIED
    if any(_points_to(identifier, pointing, other) for other in others):
        return SetAsideReason.HELD_BY_ANOTHER
    return None
