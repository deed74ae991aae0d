"""What a provider that is called over HTTP is told of a message: the body of the call, as data."""

from typing import Any

from services.messaging.delivery.adapters import Parcel


def parcel_data(parcel: Parcel) -> dict[str, Any]:
    """Give the names and values; `docs/providers.md` says what they mean. New ones may come, none changes."""
    data: dict[str, Any] = {
        "version": 1,
        "message_id": parcel.message_id,
        "idempotency_key": parcel.idempotency_key,
        "delivery_kind": parcel.kind.value,
        "to": parcel.address,
        "customer_id": parcel.customer_id,
        "purpose": parcel.purpose,
        "language": parcel.language,
        "subject": parcel.rendered.subject,
        "text": parcel.rendered.body_text,
    }
    if parcel.rendered.body_html:
        data["html"] = parcel.rendered.body_html
    shown = (
        ("image_uri", parcel.rendered.image_uri),
        ("link_uri", parcel.rendered.link_uri),
        ("button_label", parcel.rendered.button_label),
        ("audience", parcel.rendered.audience_name),
    )
    data |= {name: value for name, value in shown if value}
    if parcel.brand:
        data["brand"] = parcel.brand
    if parcel.headers:
        data["headers"] = dict(parcel.headers)
    return data
