"""Translates words: what the contract says, and what the model says."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from libs.mongo.documents import SavedDocument
from libs.mongo.values import Saved
from libs.timestamps import to_timestamp
from omnithread.common.v1 import channel_pb2, delivery_pb2, event_pb2
from omnithread.messaging.v1 import delivery_pb2 as delivery_pb
from omnithread.messaging.v1 import messaging_events_pb2 as events_pb
from omnithread.messaging.v1 import messaging_pb2 as pb
from omnithread.messaging.v1 import messaging_service_pb2 as service_pb
from services.messaging import events
from services.messaging.campaigns.values import Enrolment
from services.messaging.conversations.event_convert import assignee_kind_to_proto, conversation_event_to_proto
from services.messaging.conversations.talking import Place
from services.messaging.conversations.values import Author, Conversation, Entry
from services.messaging.texts.templates import Form, Template
from services.messaging.values import (
    Card,
    Content,
    DeliveryKind,
    Message,
    MessageState,
    MessageSummary,
    Messaging,
    Receipt,
    TemplateId,
    Wanted,
)


def kind_from_proto(kind: delivery_pb2.DeliveryKind.ValueType) -> DeliveryKind | None:
    """Read a way of delivery; None where none is stated."""
    if kind == delivery_pb2.DELIVERY_KIND_UNSPECIFIED:
        return None
    return DeliveryKind(delivery_pb2.DeliveryKind.Name(kind).removeprefix("DELIVERY_KIND_"))


def kind_to_proto(kind: DeliveryKind | None) -> delivery_pb2.DeliveryKind.ValueType:
    """Write a way of delivery."""
    return delivery_pb2.DeliveryKind.Value(f"DELIVERY_KIND_{kind or 'UNSPECIFIED'}")


def template_from_proto(template: pb.Template) -> Template:
    """Read what is put; version, time and etag are ours."""
    return Template(
        template_id=TemplateId(template.template_id),
        forms=tuple(
            Form(
                kind=DeliveryKind(delivery_pb2.DeliveryKind.Name(form.delivery_kind).removeprefix("DELIVERY_KIND_")),
                language=form.language,
                subject=form.subject,
                body_text=form.body_text,
                body_html=form.body_html,
                preheader=form.preheader,
                image_uri=form.image_uri,
                link_uri=form.link_uri,
                button_label=form.button_label,
                audience_name=form.audience_name,
            )
            for form in template.forms
        ),
        variable_names=tuple(template.variable_names),
        default_language=template.default_language,
    )


def template_to_proto(saved: SavedDocument[Template]) -> pb.Template:
    """Write a template as kept."""
    template = saved.state
    return pb.Template(
        template_id=template.template_id,
        forms=[
            pb.TemplateForm(
                delivery_kind=kind_to_proto(form.kind),
                language=form.language,
                subject=form.subject,
                body_text=form.body_text,
                body_html=form.body_html,
                preheader=form.preheader,
                image_uri=form.image_uri,
                link_uri=form.link_uri,
                button_label=form.button_label,
                audience_name=form.audience_name,
            )
            for form in template.forms
        ],
        variable_names=template.variable_names,
        default_language=template.default_language,
        version=saved.version,
        update_time=_time(template.put_time),
        etag=saved.etag(),
    )


def wanted_from_request(request: service_pb.SendMessageRequest) -> Wanted:
    """Read what is to be sent."""
    return Wanted(
        template_id=request.template_id,
        variables=tuple((variable.name, variable.value) for variable in request.variables),
        purpose=request.purpose,
        kind=kind_from_proto(request.delivery_kind),
    )


def place_from_request(request: service_pb.PostMessageRequest) -> Place:
    """Read where something is said."""
    return Place(conversation_id=request.conversation_id, topic=request.topic)


def author_from_proto(author: pb.Author.ValueType) -> Author:
    """Read who says it."""
    return Author(pb.Author.Name(author).removeprefix("AUTHOR_"))


def message_to_proto(message: Message, content: Content, customer_id: str) -> pb.Message:
    """Write a message; it belongs to `customer_id`, also where it was caused by one merged into that one."""
    return pb.Message(
        message_id=message.message_id,
        customer_id=customer_id,
        template_id=message.template_id,
        template_version=content.template_version,
        purpose=message.purpose,
        delivery_kind=kind_to_proto(message.delivery_kind),
        state=_state_to_proto(message.state),
        state_reason=message.state_reason,
        language=content.language,
        subject=message.subject,
        body_text=content.body_text,
        cause=message.cause,
        channel=channel_to_proto(message.origin.channel_id, message.origin.channel_kind),
        create_time=to_timestamp(message.create_time),
        update_time=to_timestamp(message.update_time),
        send_time=_time(message.send_time),
        provider_id=message.provider_id,
        receipts=[receipt_to_proto(receipt) for receipt in message.receipts],
        card=_card_to_proto(content.card) if content.card else None,
    )


def receipt_to_proto(receipt: Receipt) -> delivery_pb.Receipt:
    """Write what was reported."""
    return delivery_pb.Receipt(
        kind=delivery_pb.ReceiptKind.Value(f"RECEIPT_KIND_{receipt.kind}"), time=to_timestamp(receipt.time)
    )


def conversation_to_proto(conversation: Conversation, customer_id: str, *, entries: bool = True) -> pb.Conversation:
    """Write a conversation, with or without its newest entries."""
    state = pb.CONVERSATION_STATE_OPEN if conversation.is_open else pb.CONVERSATION_STATE_CLOSED
    return pb.Conversation(
        conversation_id=conversation.conversation_id,
        customer_id=customer_id,
        topic=conversation.topic,
        state=state,
        entry_count=conversation.entry_count,
        recent_entries=[entry_to_proto(entry) for entry in conversation.recent_entries] if entries else None,
        create_time=to_timestamp(conversation.create_time),
        update_time=to_timestamp(conversation.update_time),
        assignee_kind=assignee_kind_to_proto(conversation.assignee),
        unread_by_customer=conversation.unread_by_customer,
        unread_by_staff=conversation.unread_by_staff,
        last_author=pb.Author.Value(f"AUTHOR_{conversation.last_author or 'UNSPECIFIED'}"),
        waiting_since_time=_time(conversation.waiting_since),
    )


def entry_to_proto(entry: Entry) -> pb.ConversationEntry:
    """Write one thing said."""
    return pb.ConversationEntry(
        entry_id=entry.entry_id,
        author=pb.Author.Value(f"AUTHOR_{entry.author}"),
        actor_id=entry.actor_id,
        text=entry.text,
        channel=channel_to_proto(entry.channel_id, entry.channel_kind),
        post_time=to_timestamp(entry.post_time),
        by_mail=entry.by_mail,
        automatic=entry.automatic,
    )


def overview_to_proto(saved: Saved[Messaging]) -> pb.MessagingOverview:
    """Write the messaging section of the customer context."""
    state = saved.state
    return pb.MessagingOverview(
        customer_id=saved.customer_id,
        recent_messages=[summary_to_proto(summary) for summary in state.recent],
        open_conversations=[
            conversation_to_proto(conversation, saved.customer_id) for conversation in state.conversations
        ],
        queued_count=len(state.waiting),
        version=saved.version,
    )


def record_to_answer(saved: Saved[Messaging]) -> service_pb.GetMessagingOverviewResponse:
    """Write the answer to whoever asks for the overview."""
    return service_pb.GetMessagingOverviewResponse(overview=overview_to_proto(saved), head=saved.head())


def event_to_proto(event: events.Event, header: event_pb2.EventHeader) -> events_pb.MessagingEvent:
    """Write what the others hear: no words, no names, no addresses."""
    match event:
        case events.MessageQueued(message):
            queued = events_pb.MessageQueued(
                message_id=message.message_id, template_id=message.template_id, purpose=message.purpose
            )
            return events_pb.MessagingEvent(header=header, message_queued=queued)
        case events.MessageStateChanged(message):
            changed = events_pb.MessageStateChanged(
                message_id=message.message_id,
                template_id=message.template_id,
                purpose=message.purpose,
                delivery_kind=kind_to_proto(message.delivery_kind),
                state=_state_to_proto(message.state),
                state_reason=message.state_reason,
            )
            return events_pb.MessagingEvent(header=header, message_state_changed=changed)
        case events.MessageReceiptNoted(message, _, receipt):
            noted = events_pb.MessageReceiptNoted(
                message_id=message.message_id,
                template_id=message.template_id,
                purpose=message.purpose,
                delivery_kind=kind_to_proto(message.delivery_kind),
                provider_id=message.provider_id,
                receipt=receipt_to_proto(receipt),
            )
            return events_pb.MessagingEvent(header=header, message_receipt_noted=noted)
        case events.SuppressionLifted(kind, reason):
            lifted = events_pb.SuppressionLifted(
                delivery_kind=kind_to_proto(kind),
                reason=delivery_pb.SuppressionReason.Value(f"SUPPRESSION_REASON_{reason}"),
            )
            return events_pb.MessagingEvent(header=header, suppression_lifted=lifted)
        case events.EntryPosted(conversation, entry):
            posted = events_pb.EntryPosted(
                conversation_id=conversation.conversation_id,
                topic=conversation.topic,
                entry_id=entry.entry_id,
                author=pb.Author.Value(f"AUTHOR_{entry.author}"),
            )
            return events_pb.MessagingEvent(header=header, entry_posted=posted)
        case events.EnrolmentChanged(enrolment):
            return events_pb.MessagingEvent(header=header, enrolment_changed=_enrolment_changed(enrolment))
        case (
            events.ConversationAssigned()
            | events.NoteAdded()
            | events.ConversationRead()
            | events.ConversationClosed()
            | events.ConversationReopened()
        ):
            return conversation_event_to_proto(event, header)
        case _:
            return _merging_to_proto(event, header)


def _merging_to_proto(
    event: events.MessagingAbsorbed
    | events.MessagingSealed
    | events.MessagingErased
    | events.MessagingParted
    | events.MessagingReleased,
    header: event_pb2.EventHeader,
) -> events_pb.MessagingEvent:
    match event:
        case events.MessagingAbsorbed():
            absorbed = events_pb.MessagingAbsorbed(merge_id=event.merge_id, source_customer_id=event.source_customer_id)
            return events_pb.MessagingEvent(header=header, messaging_absorbed=absorbed)
        case events.MessagingSealed():
            sealed = events_pb.MessagingSealed(merge_id=event.merge_id, survivor_customer_id=event.survivor_customer_id)
            return events_pb.MessagingEvent(header=header, messaging_sealed=sealed)
        case events.MessagingErased():
            erased = events_pb.MessagingErased(erasure_id=event.erasure_id)
            return events_pb.MessagingEvent(header=header, messaging_erased=erased)
        case events.MessagingParted():
            parted = events_pb.MessagingParted(merge_id=event.merge_id, source_customer_id=event.source_customer_id)
            return events_pb.MessagingEvent(header=header, messaging_parted=parted)
        case events.MessagingReleased():
            released = events_pb.MessagingReleased(
                merge_id=event.merge_id, survivor_customer_id=event.survivor_customer_id
            )
            return events_pb.MessagingEvent(header=header, messaging_released=released)


def _card_to_proto(card: Card) -> pb.MessageCard:
    return pb.MessageCard(image_uri=card.image_uri, link_uri=card.link_uri, button_label=card.button_label)


def _enrolment_changed(enrolment: Enrolment) -> events_pb.EnrolmentChanged:
    return events_pb.EnrolmentChanged(
        enrolment_id=enrolment.enrolment_id,
        campaign_id=enrolment.campaign_id,
        campaign_version=enrolment.campaign_version,
        arm=enrolment.arm,
        end_reason=enrolment.end_reason,
        order_id=enrolment.conversion.order_id if enrolment.conversion else "",
    )


def summary_to_proto(summary: MessageSummary) -> pb.MessageSummary:
    """Write a message without its texts."""
    return pb.MessageSummary(
        message_id=summary.message_id,
        template_id=summary.template_id,
        purpose=summary.purpose,
        delivery_kind=kind_to_proto(summary.delivery_kind),
        state=_state_to_proto(summary.state),
        state_reason=summary.state_reason,
        subject=summary.subject,
        create_time=to_timestamp(summary.create_time),
        send_time=_time(summary.send_time),
    )


def _state_to_proto(state: MessageState) -> pb.MessageState.ValueType:
    return pb.MessageState.Value(f"MESSAGE_STATE_{state}")


def channel_to_proto(channel_id: str, channel_kind: int) -> channel_pb2.Channel:
    """Write the channel on which something was said or caused."""
    return channel_pb2.Channel(id=channel_id, kind=channel_pb2.ChannelKind.ValueType(channel_kind))


def _time(moment: datetime | None) -> Timestamp | None:
    return to_timestamp(moment) if moment else None
