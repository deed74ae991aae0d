"""Addresses to which nothing is sent any more, because a provider said so. Pure.

They are kept as digests in the customer's own record: a bounced address is no business of anybody else, and goes with
the customer.
"""

import hashlib
from dataclasses import replace
from datetime import datetime

from libs.errors import actor_required
from libs.mongo.values import Decision
from libs.origin import Origin
from services.messaging.delivery.errors import suppression_not_found
from services.messaging.events import Event, SuppressionLifted
from services.messaging.values import DeliveryKind, Messaging, Suppression, SuppressionReason

MAX_SUPPRESSIONS = 50
DIGEST_CHARACTERS = 32
SHOWN_CHARACTERS = 12
"""Of a digest, where it is shown: enough to tell 50 addresses apart."""


def digest_of(kind: DeliveryKind, address: str) -> str:
    """Give what stands for an address of one way, however its letters are written."""
    return hashlib.sha256(f"{kind}\0{address.strip().casefold()}".encode()).hexdigest()[:DIGEST_CHARACTERS]


def suppression_of(state: Messaging, kind: DeliveryKind, address: str) -> Suppression | None:
    """Say whether something keeps messages from an address.

    One that bounced gets nothing at all; where the customer complained, what needs no consent still goes.
    """
    digest = digest_of(kind, address)
    found = [one for one in state.suppressions if (one.kind, one.address_digest) == (kind, digest)]
    bounced = (one for one in found if one.reason is SuppressionReason.BOUNCED)
    return next(bounced, found[0] if found else None)


def suppress(
    state: Messaging, kind: DeliveryKind, address_digest: str, reason: SuppressionReason, time: datetime
) -> Messaging:
    """Keep messages from an address from now on. The first word about it stays; of too many the oldest goes."""
    if not address_digest:
        return state
    suppression = Suppression(kind, address_digest, reason, time)
    return replace(state, suppressions=joined((*state.suppressions, suppression)))


def lift(
    state: Messaging, kind: DeliveryKind, shown_digest: str, reason: SuppressionReason, *, by: Origin
) -> Decision[Messaging, Event]:
    """Let messages go to an address again, as a member of staff says. ACTOR_REQUIRED, SUPPRESSION_NOT_FOUND."""
    if not by.actor_id:
        raise actor_required()
    kept = tuple(
        one for one in state.suppressions if (one.kind, shown(one), one.reason) != (kind, shown_digest, reason)
    )
    if len(kept) == len(state.suppressions):
        raise suppression_not_found()
    return Decision(replace(state, suppressions=kept), (SuppressionLifted(kind, reason),))


def shown(suppression: Suppression) -> str:
    """Give what is shown of the digest."""
    return suppression.address_digest[:SHOWN_CHARACTERS]


def joined(suppressions: tuple[Suppression, ...]) -> tuple[Suppression, ...]:
    """Give what two customers who are one have, each once, the newest 50."""
    first: dict[tuple[str, str, str], Suppression] = {}
    for one in sorted(suppressions, key=lambda one: one.time):
        first.setdefault((one.kind, one.address_digest, one.reason), one)
    return tuple(first.values())[-MAX_SUPPRESSIONS:]
