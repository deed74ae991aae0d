"""Reads what providers report: JSON from somebody who knows a secret, and believed in nothing else. Pure.

    {"receipts": [{"message_id": "msg_...", "kind": "delivered", "time": "2026-03-10T12:00:00Z"}]}

In place of `message_id` there may be `provider_ref`, what the provider answered when it took the message. Fields that
this version does not know are passed over.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.messaging.delivery import errors
from services.messaging.values import Receipt, ReceiptKind

MAX_RECEIPTS = 100
MAX_CHARACTERS = 200
EARLY = timedelta(minutes=5)
"""How far the clocks of both sides may be apart."""
KINDS = {kind.value.lower(): kind for kind in ReceiptKind}


@dataclass(frozen=True, slots=True)
class Report:
    """One receipt, as it was reported."""

    message_id: str
    """Empty where the provider names its own."""
    provider_ref: str
    receipt: Receipt

    def is_of_its_time(self, *, create_time: datetime, now: datetime) -> bool:
        """Say whether it can have happened then."""
        return create_time - EARLY <= self.receipt.time <= now + EARLY


def read_reports(body: bytes) -> tuple[Report, ...]:
    """Read a body, 1 to 100 receipts. Raises RECEIPTS_INVALID."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise errors.receipts_invalid("body", "not JSON") from None
    listed = told.get("receipts") if isinstance(told, dict) else None
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_RECEIPTS:
        raise errors.receipts_invalid("receipts", f"1 to {MAX_RECEIPTS} of them are needed")
    return tuple(_report(f"receipts[{index}]", one) for index, one in enumerate(listed))


def _report(place: str, told: object) -> Report:
    if not isinstance(told, dict):
        raise errors.receipts_invalid(place, "not an object")
    message_id = _text(place, told, "message_id")
    provider_ref = _text(place, told, "provider_ref")
    if bool(message_id) == bool(provider_ref):
        raise errors.receipts_invalid(place, "either `message_id` or `provider_ref` is needed")
    kind = KINDS.get(_text(place, told, "kind"))
    if kind is None:
        raise errors.receipts_invalid(f"{place}.kind", f"one of {', '.join(KINDS)}")
    return Report(message_id, provider_ref, Receipt(kind, _time(place, told)))


def _text(place: str, told: dict[str, Any], name: str) -> str:
    value = told.get(name, "")
    if not isinstance(value, str) or len(value) > MAX_CHARACTERS or "\0" in value:
        raise errors.receipts_invalid(f"{place}.{name}", f"a text of at most {MAX_CHARACTERS} characters")
    return value


def _time(place: str, told: dict[str, Any]) -> datetime:
    try:
        time = datetime.fromisoformat(_text(place, told, "time"))
        if time.tzinfo is None:
            raise ValueError("without a zone")
        utc = time.astimezone(UTC)
    except (ValueError, OverflowError):
        raise errors.receipts_invalid(f"{place}.time", "a time with its zone, as in 2026-03-10T12:00:00Z") from None
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
