"""Messages as providers are handed them."""

from dataclasses import replace
from typing import Any

from services.messaging.delivery.adapters import Parcel
from services.messaging.texts.templates import Rendered
from services.messaging.values import DeliveryKind

TEXTS = Rendered(subject="Grüezi", body_text="Hallo Zoë", body_html="<p>Hallo Zoë</p>")


def parcel(address: str = "zoe@example.com", rendered: Rendered = TEXTS, **changes: Any) -> Parcel:
    """Give a mail to Zoë."""
    one = Parcel(
        message_id="msg_1",
        idempotency_key="msg_1",
        kind=DeliveryKind.EMAIL,
        address=address,
        rendered=rendered,
        language="de",
        purpose="cart_reminder",
        customer_id="cus_1",
    )
    return replace(one, **changes)
