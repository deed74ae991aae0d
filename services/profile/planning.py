"""What one round of an Identify is about to do, once it is decided who it is."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from libs.clock import Clock
from libs.ids import NewId
from libs.origin import Origin, Stamp
from services.profile.evidence import Evidence
from services.profile.linking import Introduction
from services.profile.model import CustomerId, Identifier, MergeId, MergeRule, Reservation
from services.profile.who import Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """What one round wants to do, and what it was decided on."""

    told: Introduction
    stamp: Stamp
    evidence: Evidence
    verdict: Verdict
    customer_id: CustomerId
    """Who it is; a fresh id where nobody is."""
    entrance: CustomerId
    """Where to look first for this request."""
    introduction: Introduction
    """What belongs on the record."""
    unclaimed: tuple[Identifier, ...]
    """What nobody holds, in the order in which it is to be claimed."""
    created_before: bool
    """Whether this very call created the customer in an earlier round."""

    @property
    def customer_id_is_fresh(self) -> bool:
        """Whether nothing can have been written under this id."""
        return self.verdict.customer_id is None and any(one.identifies for one in self.verdict.linked)


def plan_for(
    told: Introduction,
    stamp: Stamp,
    evidence: Evidence,
    verdict: Verdict,
    *,
    created: set[CustomerId],
    new_id: NewId,
    clock: Clock,
) -> Plan:
    """Draw what follows from a verdict."""
    customer_id = verdict.customer_id or _new_customer_id(verdict, stamp, new_id=new_id)
    guests = reservations(
        verdict.guests,
        rules={guest: _rule_of(guest, customer_id, evidence) for guest in verdict.guests},
        evidence={guest: evidence.leading_to({guest, customer_id}, told.identifiers) for guest in verdict.guests},
        new_id=new_id,
        clock=clock,
        origin=stamp.origin,
    )
    own = evidence.own(verdict.linked, verdict.customer_id)
    entrance = evidence.entrance(told.identifiers, customer_id)
    return Plan(
        told=told,
        stamp=stamp,
        evidence=evidence,
        verdict=verdict,
        customer_id=customer_id,
        entrance=entrance,
        introduction=replace(
            told,
            identifiers=own,
            guests=guests,
            entrance=entrance if entrance != customer_id else "",
            claimed_by=evidence.claimed_by(own),
        ),
        unclaimed=tuple(evidence.unclaimed(verdict.linked)),
        created_before=customer_id in created,
    )


def reservations(
    guests: Sequence[CustomerId],
    *,
    rules: Mapping[CustomerId, MergeRule],
    evidence: Mapping[CustomerId, tuple[Identifier, ...]],
    new_id: NewId,
    clock: Clock,
    origin: Origin,
) -> tuple[Reservation, ...]:
    """Decide on a merge of each guest."""
    return tuple(
        Reservation(
            merge_id=MergeId(new_id("mrg")),
            source_customer_id=guest,
            merge_time=clock(),
            origin=origin,
            rule=rules[guest],
            evidence=evidence.get(guest, ()),
        )
        for guest in guests
    )


def _rule_of(guest: CustomerId, customer_id: CustomerId, evidence: Evidence) -> MergeRule:
    """Say what makes one customer of these two."""
    continued = evidence.continued()
    if continued is not None and not continued.known and continued.customer_id in {guest, customer_id}:
        return MergeRule.HANDED_OVER
    return MergeRule.GUEST_RECOGNISED if evidence.is_known(customer_id) else MergeRule.GUESTS_JOINED


def _new_customer_id(verdict: Verdict, stamp: Stamp, *, new_id: NewId) -> CustomerId:
    """Give a fresh id. Where no claim will lead to the customer, a retry must find it: the request names it."""
    if any(one.identifies for one in verdict.linked):
        return CustomerId(new_id("cus"))
    name = hashlib.sha256(f"{stamp.origin.channel_id}\0{stamp.request_id}".encode()).digest()
    return CustomerId(f"cus_{base64.b32encode(name).decode().lower()[:26]}")
