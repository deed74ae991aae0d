"""Which of a customer's addresses are closed, and to what."""

from collections.abc import Callable, Mapping

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


def closed_to(state: Messaging, *, is_transactional: bool) -> Callable[[DeliveryKind, str], bool]:
    """Give what says of an address whether it is closed to such a message."""

    def is_closed(kind: DeliveryKind, address: str) -> bool:
        suppression = suppression_of(state, kind, address)
        if suppression is None:
            return False
        return suppression.reason is SuppressionReason.BOUNCED or not is_transactional

    return is_closed
