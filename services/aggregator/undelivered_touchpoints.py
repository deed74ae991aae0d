"""What it means for the journey that a message could not be delivered: a problem on the way. Pure."""

from omnithread.common.v1 import delivery_pb2
from omnithread.context.v1 import context_pb2 as context
from omnithread.messaging.v1 import delivery_pb2 as receipts_pb2
from omnithread.messaging.v1 import messaging_events_pb2 as messaging
from omnithread.messaging.v1 import messaging_pb2
from services.aggregator.meanings import Meaning, word

BOUNCES = frozenset({receipts_pb2.RECEIPT_KIND_BOUNCED_SOFT, receipts_pb2.RECEIPT_KIND_BOUNCED_HARD})
NOT_DELIVERED = frozenset({messaging_pb2.MESSAGE_STATE_FAILED, messaging_pb2.MESSAGE_STATE_UNKNOWN})
"""It could not be sent, or nobody knows whether it was."""


def of_undelivered(event: messaging.MessagingEvent) -> Meaning | None:
    """Give the meaning; None where an event tells of no message that could not be delivered."""
    match event.WhichOneof("payload"):
        case "message_state_changed" if event.message_state_changed.state in NOT_DELIVERED:
            now = event.message_state_changed
            reason = now.state_reason or messaging_pb2.MessageState.Name(now.state).removeprefix("MESSAGE_STATE_")
            return _problem(now.template_id, now.message_id, now.purpose, now.delivery_kind, reason)
        case "message_receipt_noted" if event.message_receipt_noted.receipt.kind in BOUNCES:
            noted = event.message_receipt_noted
            reason = receipts_pb2.ReceiptKind.Name(noted.receipt.kind).removeprefix("RECEIPT_KIND_")
            return _problem(noted.template_id, noted.message_id, noted.purpose, noted.delivery_kind, reason)
    return None


def _problem(template_id: str, message_id: str, purpose: str, delivery_kind: int, reason: str) -> Meaning:
    way = word(delivery_pb2.DeliveryKind.DESCRIPTOR, delivery_kind, "DELIVERY_KIND_")
    return Meaning(
        context.TOUCHPOINT_KIND_PROBLEM,
        f"not delivered {template_id}{f' by {way}' if way else ''}: {reason}",
        reason,
        [
            ("area", "messaging"),
            ("method", "Deliver"),
            ("reason", reason),
            ("message_id", message_id),
            ("purpose", purpose),
            ("delivery", way),
        ],
        by_company=True,
    )
