"""What another service's event means for the journey: one touchpoint, or none.

Pure. A touchpoint says in a few words, without personal data, what happened, on which channel, and whether the customer
did it. Whatever happens on a channel is the customer's act, also where staff put it in for them;
what timers, mails, agents and merges do is not.
"""

from collections.abc import Sequence

from libs.ids import TIME_CHARACTERS
from libs.timestamps import from_timestamp
from omnithread.cart.v1 import cart_events_pb2 as cart
from omnithread.common.v1 import channel_pb2, delivery_pb2
from omnithread.common.v1.event_pb2 import EventHeader
from omnithread.context.v1 import context_pb2 as context
from omnithread.messaging.v1 import delivery_pb2 as receipts_pb2
from omnithread.messaging.v1 import messaging_events_pb2 as messaging
from omnithread.messaging.v1 import messaging_pb2
from omnithread.preference.v1 import preference_events_pb2 as preference
from omnithread.preference.v1 import preference_pb2
from omnithread.profile.v1 import profile_events_pb2 as profile
from omnithread.profile.v1 import profile_pb2
from services.aggregator.cart_touchpoints import of_cart
from services.aggregator.conversation_touchpoints import of_conversation
from services.aggregator.meanings import Meaning, word
from services.aggregator.undelivered_touchpoints import of_undelivered
from services.aggregator.values import Touchpoint

AreaEvent = profile.ProfileEvent | cart.CartEvent | preference.PreferenceEvent | messaging.MessagingEvent
"""An event of one of the four services that the aggregator listens to."""

IMPORTED = frozenset({"customer_created", "identifiers_linked", "profile_updated", "consent_set"})
"""What only an import does without a channel: it takes over what another system knew, and nothing has happened here."""

TOLD_RECEIPTS = frozenset({receipts_pb2.RECEIPT_KIND_OPENED, receipts_pb2.RECEIPT_KIND_CLICKED})
"""What customers do with messages; the rest is between us and the provider."""
MOST_SUMMARY_CHARACTERS = 200
MOST_SUBJECT_CHARACTERS = 128


def touchpoint_of(area: str, event: AreaEvent) -> Touchpoint | None:
    """Give the touchpoint that an event stands for, or None where it tells nothing about the journey.

    The same event gives the same touchpoint with the same id, so hearing of it twice adds nothing.
    Its session is as the caller named it and is still to be checked.
    """
    header = event.header
    if header.channel.kind == channel_pb2.CHANNEL_KIND_SYSTEM and event.WhichOneof("payload") in IMPORTED:
        return None
    meaning = _meaning_of(event)
    if meaning is None:
        return None
    return Touchpoint(
        touchpoint_id=touchpoint_id_of(header),
        kind=meaning.kind,
        channel_id=header.channel.id,
        channel_kind=header.channel.kind,
        occur_time=from_timestamp(header.occur_time),
        by_customer=not meaning.by_company and header.channel.kind != channel_pb2.CHANNEL_KIND_SYSTEM,
        area=area,
        session_id=header.session_id,
        summary=meaning.summary[:MOST_SUMMARY_CHARACTERS],
        subject=meaning.subject[:MOST_SUBJECT_CHARACTERS],
        attributes=tuple(sorted((key, value) for key, value in meaning.attributes if value)),
        traceparent=header.traceparent,
        order_placed_time=meaning.order_placed_time,
    )


def touchpoint_id_of(header: EventHeader) -> str:
    """Give the id of the touchpoint that the event makes: among those of one moment they sort as the events came."""
    given = header.event_id.removeprefix("evt_")
    return f"tch_{given[:TIME_CHARACTERS]}{header.seq:06}{given[TIME_CHARACTERS:]}"


def _meaning_of(event: AreaEvent) -> Meaning | None:
    if isinstance(event, profile.ProfileEvent):
        return _of_profile(event)
    if isinstance(event, cart.CartEvent):
        return of_cart(event)
    if isinstance(event, preference.PreferenceEvent):
        return _of_preference(event)
    return _of_messaging(event)


def _of_profile(event: profile.ProfileEvent) -> Meaning | None:
    match event.WhichOneof("payload"):
        case "customer_created":
            kind = word(profile_pb2.CustomerKind.DESCRIPTOR, event.customer_created.kind, "CUSTOMER_KIND_")
            return Meaning(context.TOUCHPOINT_KIND_IDENTIFIED, f"first seen, {kind}", attributes=[("kind", kind)])
        case "identifiers_linked":
            kinds = ", ".join(
                sorted(
                    {
                        word(profile_pb2.IdentifierKind.DESCRIPTOR, k, "IDENTIFIER_KIND_")
                        for k in event.identifiers_linked.kinds
                    }
                )
            )
            return Meaning(context.TOUCHPOINT_KIND_IDENTIFIED, f"linked {kinds}", attributes=[("kinds", kinds)])
        case "customers_merged":
            return Meaning(
                context.TOUCHPOINT_KIND_IDENTIFIED,
                "recognised as one customer",
                attributes=[("merge_id", event.customers_merged.merge_id)],
            )
        case "customers_unmerged":
            return Meaning(
                context.TOUCHPOINT_KIND_IDENTIFIED,
                "recognised as two customers",
                attributes=[("merge_id", event.customers_unmerged.merge_id)],
                by_company=True,
            )
        case "profile_updated":
            fields = ", ".join(sorted(event.profile_updated.changed_fields))
            return Meaning(context.TOUCHPOINT_KIND_PROFILE_UPDATED, f"changed {fields}")
    return None  # a sealed customer's acts belong to the one who remains, and say all


def _of_preference(event: preference.PreferenceEvent) -> Meaning | None:
    changed = context.TOUCHPOINT_KIND_PREFERENCES_CHANGED
    match event.WhichOneof("payload"):
        case "preferences_updated":
            return Meaning(changed, f"changed {', '.join(sorted(event.preferences_updated.changed_fields))}")
        case "consent_set":
            consent = event.consent_set
            state = word(preference_pb2.ConsentState.DESCRIPTOR, consent.state, "CONSENT_STATE_")
            way = word(delivery_pb2.DeliveryKind.DESCRIPTOR, consent.delivery_kind, "DELIVERY_KIND_")
            return Meaning(
                changed,
                f"{state} {consent.purpose} by {way}",
                consent.record_id,
                [("purpose", consent.purpose), ("delivery", way), ("state", state)],
            )
    return None


def _of_messaging(event: messaging.MessagingEvent) -> Meaning | None:
    undelivered = of_undelivered(event)
    if undelivered is not None:
        return undelivered
    match event.WhichOneof("payload"):
        case "message_queued":
            queued = event.message_queued
            return _message(f"queued {queued.template_id}", queued.message_id, [("purpose", queued.purpose)])
        case "message_state_changed" if event.message_state_changed.state != messaging_pb2.MESSAGE_STATE_SENDING:
            now = event.message_state_changed
            state = word(messaging_pb2.MessageState.DESCRIPTOR, now.state, "MESSAGE_STATE_")
            way = word(delivery_pb2.DeliveryKind.DESCRIPTOR, now.delivery_kind, "DELIVERY_KIND_")
            summary = f"{state} {now.template_id}{f' by {way}' if way else ''}"
            return _message(
                f"{summary}: {now.state_reason}" if now.state_reason else summary,
                now.message_id,
                [("purpose", now.purpose), ("delivery", way), ("state", state), ("reason", now.state_reason)],
            )
        case "message_receipt_noted" if event.message_receipt_noted.receipt.kind in TOLD_RECEIPTS:
            noted = event.message_receipt_noted
            kind = word(receipts_pb2.ReceiptKind.DESCRIPTOR, noted.receipt.kind, "RECEIPT_KIND_")
            way = word(delivery_pb2.DeliveryKind.DESCRIPTOR, noted.delivery_kind, "DELIVERY_KIND_")
            return Meaning(
                context.TOUCHPOINT_KIND_MESSAGE,
                f"{kind} {noted.template_id}",
                noted.message_id,
                [("purpose", noted.purpose), ("delivery", way), ("receipt", kind)],
                # Mail programs open mails by themselves; a link is followed by the customer.
                by_company=noted.receipt.kind != receipts_pb2.RECEIPT_KIND_CLICKED,
            )
    return of_conversation(event)


def _message(summary: str, message_id: str, attributes: Sequence[tuple[str, str]]) -> Meaning:
    return Meaning(context.TOUCHPOINT_KIND_MESSAGE, summary, message_id, attributes, by_company=True)
