from typing import Any

import pytest
from google.type.money_pb2 import Money
from hypothesis import given, settings
from hypothesis import strategies as st

from omnithread.cart.v1 import cart_events_pb2 as cart
from omnithread.common.v1 import channel_pb2, delivery_pb2
from omnithread.context.v1 import context_pb2 as context
from omnithread.messaging.v1 import delivery_pb2 as receipts_pb2
from omnithread.messaging.v1 import messaging_events_pb2 as messaging
from omnithread.messaging.v1 import messaging_pb2
from omnithread.preference.v1 import preference_events_pb2 as preference
from omnithread.preference.v1 import preference_pb2
from omnithread.profile.v1 import profile_events_pb2 as profile
from omnithread.profile.v1 import profile_pb2
from services.aggregator.touchpoints import AreaEvent, touchpoint_of
from services.aggregator.values import Touchpoint
from tests.services.aggregator.samples import NOON, header, item_added

H = header(1)
PRICE = Money(currency_code="EUR", units=59, nanos=900_000_000)


def told(event: AreaEvent) -> Touchpoint:
    touchpoint = touchpoint_of("area", event)
    assert touchpoint is not None
    return touchpoint


@pytest.mark.parametrize(
    ("event", "kind", "summary", "subject"),
    [
        (
            profile.ProfileEvent(
                header=H,
                customer_created=profile.CustomerCreated(kind=profile_pb2.CUSTOMER_KIND_ANONYMOUS),
            ),
            context.TOUCHPOINT_KIND_IDENTIFIED,
            "first seen, anonymous",
            "",
        ),
        (
            profile.ProfileEvent(
                header=H,
                identifiers_linked=profile.IdentifiersLinked(
                    kinds=[profile_pb2.IDENTIFIER_KIND_LOYALTY_CARD, profile_pb2.IDENTIFIER_KIND_EMAIL]
                ),
            ),
            context.TOUCHPOINT_KIND_IDENTIFIED,
            "linked email, loyalty card",
            "",
        ),
        (
            profile.ProfileEvent(header=H, profile_updated=profile.ProfileUpdated(changed_fields=["given_name"])),
            context.TOUCHPOINT_KIND_PROFILE_UPDATED,
            "changed given_name",
            "",
        ),
        (item_added(H), context.TOUCHPOINT_KIND_CART_CHANGED, "added 2 x SKU-1", "SKU-1"),
        (
            cart.CartEvent(header=H, item_quantity_set=cart.ItemQuantitySet(sku="SKU-1", old_quantity=1, quantity=3)),
            context.TOUCHPOINT_KIND_CART_CHANGED,
            "changed SKU-1 from 1 to 3",
            "SKU-1",
        ),
        (
            cart.CartEvent(header=H, item_removed=cart.ItemRemoved(sku="SKU-1", old_quantity=3)),
            context.TOUCHPOINT_KIND_CART_CHANGED,
            "removed 3 x SKU-1",
            "SKU-1",
        ),
        (
            cart.CartEvent(header=H, cart_id="crt_1", cart_cleared=cart.CartCleared(line_count=1)),
            context.TOUCHPOINT_KIND_CART_CHANGED,
            "cleared 1 line",
            "crt_1",
        ),
        (
            cart.CartEvent(header=H, cart_checked_out=cart.CartCheckedOut(order_id="ord_1", line_count=2, total=PRICE)),
            context.TOUCHPOINT_KIND_ORDER_PLACED,
            "ordered 2 lines for 59.90 EUR",
            "ord_1",
        ),
        (
            preference.PreferenceEvent(
                header=H,
                consent_set=preference.ConsentSet(
                    purpose="cart_reminder",
                    delivery_kind=delivery_pb2.DELIVERY_KIND_IN_APP,
                    state=preference_pb2.CONSENT_STATE_GRANTED,
                    record_id="con_1",
                ),
            ),
            context.TOUCHPOINT_KIND_PREFERENCES_CHANGED,
            "granted cart_reminder by in app",
            "con_1",
        ),
        (
            messaging.MessagingEvent(
                header=H,
                entry_posted=messaging.EntryPosted(
                    conversation_id="cnv_1", topic="order", author=messaging_pb2.AUTHOR_CUSTOMER
                ),
            ),
            context.TOUCHPOINT_KIND_CONVERSATION,
            "customer wrote about order",
            "cnv_1",
        ),
    ],
)
def test_what_a_customer_does_is_told_in_a_few_words(event: AreaEvent, kind: int, summary: str, subject: str) -> None:
    touchpoint = told(event)
    assert (touchpoint.kind, touchpoint.summary, touchpoint.subject) == (kind, summary, subject)
    assert touchpoint.by_customer
    assert (touchpoint.touchpoint_id, touchpoint.area, touchpoint.occur_time) == ("tch_1000001", "area", NOON)
    assert touchpoint.traceparent == H.traceparent


@pytest.mark.parametrize(
    ("event", "summary"),
    [
        (
            cart.CartEvent(
                header=header(
                    2, channel_id="cart-sweep", channel_kind=channel_pb2.CHANNEL_KIND_SYSTEM, session_id="ses_1"
                ),
                cart_abandoned=cart.CartAbandoned(line_count=2, subtotal=PRICE),
            ),
            "left 2 lines for 59.90 EUR",
        ),
        (
            cart.CartEvent(header=H, cart_absorbed=cart.CartAbsorbed(line_count=2)),
            "took over 2 lines",
        ),
        (
            messaging.MessagingEvent(
                header=H, message_queued=messaging.MessageQueued(template_id="cart_reminder", message_id="msg_1")
            ),
            "queued cart_reminder",
        ),
        (
            messaging.MessagingEvent(
                header=H,
                message_state_changed=messaging.MessageStateChanged(
                    template_id="cart_reminder",
                    delivery_kind=delivery_pb2.DELIVERY_KIND_EMAIL,
                    state=messaging_pb2.MESSAGE_STATE_SKIPPED,
                    state_reason="NO_CONSENT",
                ),
            ),
            "skipped cart_reminder by email: NO_CONSENT",
        ),
        (
            messaging.MessagingEvent(
                header=H,
                message_receipt_noted=messaging.MessageReceiptNoted(
                    template_id="cart_reminder",
                    receipt=receipts_pb2.Receipt(kind=receipts_pb2.RECEIPT_KIND_OPENED),
                ),
            ),
            "opened cart_reminder",
        ),
        (
            messaging.MessagingEvent(
                header=H, entry_posted=messaging.EntryPosted(topic="order", author=messaging_pb2.AUTHOR_AGENT)
            ),
            "agent wrote about order",
        ),
        (
            messaging.MessagingEvent(
                header=H,
                conversation_assigned=messaging.ConversationAssigned(
                    topic="order", assignee_kind=messaging_pb2.ASSIGNEE_KIND_STORE, assignee_id="042", note_id="nte_1"
                ),
            ),
            "handed over to store: order",
        ),
        (
            messaging.MessagingEvent(header=H, conversation_assigned=messaging.ConversationAssigned(topic="order")),
            "taken back: order",
        ),
        (
            messaging.MessagingEvent(header=H, note_added=messaging.NoteAdded(topic="order", note_id="nte_1")),
            "note on: order",
        ),
        (
            messaging.MessagingEvent(header=H, conversation_closed=messaging.ConversationClosed(topic="order")),
            "closed: order",
        ),
    ],
)
def test_what_the_company_does_is_told_and_does_not_prolong_the_journey(event: AreaEvent, summary: str) -> None:
    touchpoint = told(event)
    assert touchpoint.summary == summary
    assert not touchpoint.by_customer


@pytest.mark.parametrize(
    "event",
    [
        profile.ProfileEvent(header=H, customer_sealed=profile.CustomerSealed(merge_id="mrg_1")),
        cart.CartEvent(header=H, cart_sealed=cart.CartSealed(merge_id="mrg_1")),
        cart.CartEvent(header=H, cart_absorbed=cart.CartAbsorbed(line_count=0)),
        preference.PreferenceEvent(header=H, preferences_absorbed=preference.PreferencesAbsorbed()),
        messaging.MessagingEvent(header=H, messaging_sealed=messaging.MessagingSealed()),
        messaging.MessagingEvent(
            header=H,
            message_state_changed=messaging.MessageStateChanged(state=messaging_pb2.MESSAGE_STATE_SENDING),
        ),
        messaging.MessagingEvent(
            header=H,
            message_receipt_noted=messaging.MessageReceiptNoted(
                receipt=receipts_pb2.Receipt(kind=receipts_pb2.RECEIPT_KIND_DELIVERED)
            ),
        ),
        cart.CartEvent(header=H),
    ],
)
def test_what_happens_only_inside_the_suite_or_is_not_yet_known_is_no_touchpoint(event: AreaEvent) -> None:
    assert touchpoint_of("area", event) is None


def test_an_amount_without_cents_has_none() -> None:
    event = cart.CartEvent(
        header=H,
        cart_checked_out=cart.CartCheckedOut(line_count=1, total=Money(currency_code="JPY", units=500)),
    )
    assert told(event).summary == "ordered 1 line for 500 JPY"


def test_who_follows_a_link_acts_and_a_mail_program_that_opens_a_mail_does_not() -> None:
    event = messaging.MessagingEvent(header=H)
    event.message_receipt_noted.receipt.kind = receipts_pb2.RECEIPT_KIND_CLICKED
    assert told(event).by_customer
    event.message_receipt_noted.receipt.kind = receipts_pb2.RECEIPT_KIND_OPENED
    assert not told(event).by_customer


def test_a_state_that_this_version_does_not_know_breaks_nothing() -> None:
    event = messaging.MessagingEvent(header=H)
    event.message_state_changed.state = 99  # type: ignore[assignment]
    event.message_state_changed.template_id = "news"
    assert told(event).summary.strip() == "news"


def test_what_one_command_announced_is_told_in_the_order_in_which_it_was_announced() -> None:
    heads = [header(seq) for seq in (9, 10)]
    heads[0].event_id, heads[1].event_id = "evt_01m81620y8zzzz", "evt_01m81620y8aaaa"
    first, second = (told(item_added(head)) for head in heads)
    assert first.occur_time == second.occur_time
    assert first.touchpoint_id < second.touchpoint_id


@settings(deadline=None)  # the machine may be busy with other things
@given(sku=st.text(max_size=300))
def test_summary_and_subject_stay_short(sku: str) -> None:
    touchpoint = told(item_added(H, sku=sku))
    assert len(touchpoint.summary) <= 200
    assert len(touchpoint.subject) <= 128


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (
            {
                "message_state_changed": messaging.MessageStateChanged(
                    message_id="msg_1",
                    template_id="reminder",
                    state=messaging_pb2.MESSAGE_STATE_FAILED,
                    state_reason="ADDRESS_INVALID",
                )
            },
            "ADDRESS_INVALID",
        ),
        (
            {
                "message_state_changed": messaging.MessageStateChanged(
                    message_id="msg_1", template_id="reminder", state=messaging_pb2.MESSAGE_STATE_UNKNOWN
                )
            },
            "UNKNOWN",
        ),
        (
            {
                "message_receipt_noted": messaging.MessageReceiptNoted(
                    message_id="msg_1",
                    template_id="reminder",
                    receipt=receipts_pb2.Receipt(kind=receipts_pb2.RECEIPT_KIND_BOUNCED_HARD),
                )
            },
            "BOUNCED_HARD",
        ),
    ],
)
def test_a_message_that_could_not_be_delivered_is_a_problem_on_the_way(event: dict[str, Any], reason: str) -> None:
    told = touchpoint_of("messaging", messaging.MessagingEvent(header=header(1), **event))
    assert told is not None
    assert (told.kind, told.subject, told.by_customer) == (context.TOUCHPOINT_KIND_PROBLEM, reason, False)
    assert dict(told.attributes)["message_id"] == "msg_1"
    assert told.summary == f"not delivered reminder: {reason}"
