"""Which of a customer's addresses are closed, and to what."""

from collections.abc import Mapping

from services.messaging.deciding.facts import Suppressed
from services.messaging.delivery.suppressed import suppression_of
from services.messaging.values import DeliveryKind, Messaging, SuppressionReason


def suppressed_in(state: Messaging, contact_points: Mapping[DeliveryKind, str]) -> Mapping[DeliveryKind, Suppressed]:
    """Give what closes the addresses that would be used."""
    found = {kind: suppression_of(state, kind, address) for kind, address in contact_points.items()}
    return {
        kind: Suppressed(
            why=suppression.reason.value,
            since=suppression.time,
            everything=suppression.reason is SuppressionReason.BOUNCED,
        )
        for kind, suppression in found.items()
        if suppression
    }
