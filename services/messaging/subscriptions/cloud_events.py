"""What is posted: CloudEvents 1.0 as JSON in structured mode, the same bytes for the same event each time.

`id` is the event's, `source` the area, `subject` the customer id, `time` when it happened, `data` the event as the
contract has it, in protobuf's JSON. `sequence` and `partitionkey` tell the order: per customer and area.
"""

import json
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from libs.events.streams import header_of
from services.messaging.subscriptions.event_types import AREAS, MESSAGES, event_type_of

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
TEST_TYPE = "omnithread.messaging.v1.SubscriptionTest"
SEQUENCE_DIGITS = 20


def body_of(area: str, payload: bytes) -> bytes:
    """Write a stored event as it is posted. Raises DecodeError, KeyError for what is no event that we know."""
    event = AREAS[area].FromString(payload)
    header = header_of(event)
    return _body(
        {
            "id": header.event_id,
            "source": f"/omnithread/{area}",
            "type": MESSAGES[event_type_of(area, event)],
            "subject": header.customer_id,
            "time": _text(header.occur_time.ToDatetime(tzinfo=UTC)),
            "partitionkey": header.customer_id,
            "sequence": f"{header.seq:0{SEQUENCE_DIGITS}}",
            **({"traceparent": header.traceparent} if header.traceparent else {}),
        },
        _data(event),
    )


def test_body(event_id: str, subscription_id: str, now: datetime) -> bytes:
    """Write the event that only tells that the way is open."""
    attributes = {"id": event_id, "source": "/omnithread/messaging", "type": TEST_TYPE, "time": _text(now)}
    return _body(attributes, {"subscriptionId": subscription_id})


def _data(event: Message) -> dict[str, Any]:
    return MessageToDict(event, always_print_fields_with_no_presence=False)


def _body(attributes: dict[str, str], data: dict[str, Any]) -> bytes:
    event = {"specversion": "1.0", "datacontenttype": "application/json", **attributes, "data": data}
    return json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
