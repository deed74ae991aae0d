"""Translates the words of `ConversationService`: what the contract says, and what the model says."""

from libs.mongo.connection import Document
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.messaging.v1 import conversation_service_pb2 as pb
from omnithread.messaging.v1 import messaging_pb2
from services.messaging.conversations.event_convert import assignee_kind_to_proto
from services.messaging.conversations.queues import QueueOrder
from services.messaging.conversations.receiving import IncomingMail
from services.messaging.conversations.values import Assignee, AssigneeKind, Conversation, Note, Side
from services.messaging.convert import channel_to_proto, conversation_to_proto, entry_to_proto
from services.messaging.store import entry_from_document, mail_from_document


def assignee_from_proto(assignee: pb.Assignee) -> Assignee:
    """Read who is to look after a conversation."""
    name = messaging_pb2.AssigneeKind.Name(assignee.kind).removeprefix("ASSIGNEE_KIND_")
    return Assignee(AssigneeKind(name), assignee.id)


def assignee_to_proto(assignee: Assignee | None) -> pb.Assignee | None:
    """Write who looks after a conversation."""
    return pb.Assignee(kind=assignee_kind_to_proto(assignee), id=assignee.id) if assignee else None


def side_from_proto(side: messaging_pb2.ConversationSide.ValueType) -> Side:
    """Read which side has read."""
    return Side(messaging_pb2.ConversationSide.Name(side).removeprefix("CONVERSATION_SIDE_"))


def order_from_proto(order: pb.ConversationOrder.ValueType) -> QueueOrder:
    """Read the order of a queue."""
    return QueueOrder.NEWEST if order == pb.CONVERSATION_ORDER_NEWEST else QueueOrder.LONGEST_WAITING


def incoming_mail(request: pb.ReceiveMailRequest) -> IncomingMail:
    """Read a mail."""
    return IncomingMail(
        mail_id=request.mail_id,
        in_reply_to=request.in_reply_to,
        references=list(request.references),
        from_address=request.from_address,
        subject=request.subject,
        text=request.text,
        mail_time=from_timestamp(request.mail_time, field="mail_time") if request.HasField("mail_time") else None,
        auto_submitted=request.auto_submitted,
        precedence=request.precedence,
        topic=request.topic,
    )


def desk_to_proto(conversation: Conversation, customer_id: str) -> pb.ConversationDesk:
    """Write a conversation as staff see it."""
    return pb.ConversationDesk(
        conversation=conversation_to_proto(conversation, customer_id),
        assignee=assignee_to_proto(conversation.assignee),
        assign_time=to_timestamp(conversation.assign_time) if conversation.assign_time else None,
        note_count=conversation.note_count,
    )


def note_to_proto(note: Note) -> pb.ConversationNote:
    """Write a note."""
    return pb.ConversationNote(
        note_id=note.note_id,
        actor_id=note.actor_id,
        text=note.text,
        channel=channel_to_proto(note.channel_id, note.channel_kind),
        post_time=to_timestamp(note.post_time),
        handed_to=assignee_to_proto(note.handed_to),
    )


def desk_entry_to_proto(document: Document) -> pb.DeskEntry:
    """Write an entry as it is kept."""
    mail = mail_from_document(document)
    return pb.DeskEntry(
        entry=entry_to_proto(entry_from_document(document)),
        mail_subject=mail.subject if mail else "",
        mail_text=mail.text if mail else "",
        from_own_address=mail is not None and mail.from_own_address,
    )
