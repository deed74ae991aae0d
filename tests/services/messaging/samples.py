"""What the tests of messaging are made of."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from libs.origin import Origin
from libs.purposes import DEFAULT_PURPOSES
from services.messaging.conversations.values import ConversationId, EntryId
from services.messaging.deciding.facts import CartNow, Consent, Facts, Wishes
from services.messaging.deciding.time_zones import CustomerZone
from services.messaging.values import Content, DeliveryKind, Message, MessageId, TemplateId

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
WEB = Origin(channel_id="web-shop", channel_kind=1)
EMAIL, IN_APP, SMS = DeliveryKind.EMAIL, DeliveryKind.IN_APP, DeliveryKind.SMS
ADDRESS = "anna@example.com"


def message(name: str = "1", **changes: Any) -> Message:
    """Give a message that is due at noon."""
    one = Message(
        message_id=MessageId(f"msg_{name}"),
        template_id=TemplateId("cart_reminder"),
        purpose="cart_reminder",
        asked_kind=None,
        cause="evt_1",
        origin=WEB,
        create_time=NOON,
        update_time=NOON,
        due_time=NOON,
        expire_time=NOON + timedelta(days=3),
    )
    return replace(one, **changes)


CONTENT = Content(variables=(("code", "A"),))


def yes(kind: DeliveryKind = EMAIL, contact_point: str = "", *, purpose: str = "cart_reminder") -> Consent:
    """Give a consent of an hour ago."""
    return Consent(purpose, kind, contact_point, is_granted=True, update_time=NOON - timedelta(hours=1))


def no(kind: DeliveryKind = EMAIL, contact_point: str = "", *, hours_ago: int = 1) -> Consent:
    """Give a revocation."""
    at = NOON - timedelta(hours=hours_ago)
    return Consent("cart_reminder", kind, contact_point, is_granted=False, update_time=at)


def zone(name: str) -> CustomerZone:
    """Give the time zone that the customer said."""
    return CustomerZone(ZoneInfo(name), "customer")


def facts(**changes: Any) -> Facts:
    """Give what lets a cart reminder go out by e-mail at noon."""
    all_open = Facts(
        now=NOON,
        purpose=DEFAULT_PURPOSES["cart_reminder"],
        wishes=Wishes(consents=(yes(),)),
        contact_points={EMAIL: ADDRESS},
        provided_kinds=(EMAIL, IN_APP),
        form_kinds=frozenset({EMAIL, IN_APP}),
        sent=(),
        zone=zone("UTC"),
        cart=CartNow("crt_1", is_empty=False, update_time=NOON - timedelta(hours=2), ordered_cart_ids=frozenset()),
    )
    return replace(all_open, **changes)


def conversation_id(name: str) -> ConversationId:
    """Give an id."""
    return ConversationId(f"cnv_{name}")


def entry_id(name: str) -> EntryId:
    """Give an id."""
    return EntryId(f"ent_{name}")
