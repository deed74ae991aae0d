"""Addresses to which nothing is sent any more: listed, and opened again by a member of staff."""

from dataclasses import dataclass

from libs.mongo.record import Records
from libs.mongo.values import Outcome, Saved
from libs.origin import Stamp
from services.messaging.delivery import suppressed
from services.messaging.events import Event
from services.messaging.model import Change
from services.messaging.values import DeliveryKind, Messaging, SuppressionReason


@dataclass(frozen=True, slots=True)
class SuppressionDesk:
    """Reads and lifts suppressions."""

    records: Records[Messaging, Event]

    async def list(self, customer_id: str) -> Saved[Messaging]:
        """Give the record in which they are."""
        return await self.records.get(customer_id)

    async def lift(
        self,
        customer_id: str,
        kind: DeliveryKind,
        shown_digest: str,
        reason: SuppressionReason,
        *,
        stamp: Stamp,
    ) -> Outcome[Messaging]:
        """Open an address again. Raises ACTOR_REQUIRED, SUPPRESSION_NOT_FOUND."""

        def decide(saved: Saved[Messaging]) -> Change:
            return suppressed.lift(saved.state, kind, shown_digest, reason, by=stamp.origin)

        return await self.records.run(customer_id, stamp, decide)
