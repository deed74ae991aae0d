"""Ways through campaigns, for tests of their numbers."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.messaging.campaigns.reporting.attribution import Purchase
from services.messaging.campaigns.values import CampaignStep, Conversion, Enrolment, StepTaken, Trigger, TriggerKind
from services.messaging.values import DeliveryKind, Message, MessageId, MessageState, Receipt, ReceiptKind
from tests.services.messaging.samples import NOON, WEB, message

WINDOW = timedelta(days=7)
STORE = 3
"""A value of ChannelKind."""


def enrolment(name: str = "1", arm: str = "a", *, entered: datetime = NOON, **changes: Any) -> Enrolment:
    """Give a way that began as soon as the customer entered, and queued one message."""
    one = Enrolment(
        enrolment_id=f"enr_{name}",
        campaign_id="cart_reminder",
        campaign_version=1,
        trigger=Trigger(TriggerKind.CART_ABANDONED, f"evt_{name}", entered, WEB, cart_id=f"crt_{name}"),
        enter_time=entered,
        attribute_until=entered + WINDOW,
        due_time=None,
        arm=arm,
        path=(StepTaken("remind", entered, "QUEUED", f"msg_{name}"),),
    )
    return replace(one, **changes)


def control(name: str = "1", *, entered: datetime = NOON, **changes: Any) -> Enrolment:
    """Give one who got nothing, to compare with."""
    return enrolment(name, "control", entered=entered, path=(), end_time=entered, end_reason="CONTROL_GROUP", **changes)


def sent(name: str = "1", kind: DeliveryKind = DeliveryKind.EMAIL, *receipts: ReceiptKind, **changes: Any) -> Message:
    """Give the message of a way, as it went out."""
    given: dict[str, Any] = {
        "message_id": MessageId(f"msg_{name}"),
        "state": MessageState.SENT,
        "delivery_kind": kind,
        "send_time": NOON,
        "campaign": CampaignStep("cart_reminder", 1, f"enr_{name}", "remind", "a"),
        "receipts": tuple(Receipt(receipt, NOON) for receipt in receipts),
    }
    return message(name, **(given | changes))


def purchase(order_id: str = "ord_1", *, at: datetime = NOON + timedelta(hours=1), units: int = 59) -> Purchase:
    """Give an order of a store."""
    return Purchase(order_id, "EUR", units, 500_000_000, "store-042", STORE, at)


def bought(*, after_message: bool = True, units: int = 59) -> Conversion:
    """Give the order of a way."""
    at = NOON + timedelta(hours=1)
    return Conversion("ord_1", "EUR", units, 500_000_000, "store-042", STORE, at, after_message=after_message)
