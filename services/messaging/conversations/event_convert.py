"""Writes what the others hear of conversations beside what is said in them: ids, and who looks after which."""

from omnithread.common.v1 import event_pb2
from omnithread.messaging.v1 import messaging_events_pb2 as events_pb
from omnithread.messaging.v1 import messaging_pb2 as pb
from services.messaging import events
from services.messaging.conversations.values import Assignee


def conversation_event_to_proto(
    event: events.ConversationAssigned
    | events.NoteAdded
    | events.ConversationRead
    | events.ConversationClosed
    | events.ConversationReopened,
    header: event_pb2.EventHeader,
) -> events_pb.MessagingEvent:
    """Write one event."""
    match event:
        case events.ConversationAssigned(conversation, note):
            assignee = conversation.assignee
            assigned = events_pb.ConversationAssigned(
                conversation_id=conversation.conversation_id,
                topic=conversation.topic,
                assignee_kind=assignee_kind_to_proto(assignee),
                assignee_id=assignee.id if assignee else "",
                note_id=note.note_id if note else "",
            )
            return events_pb.MessagingEvent(header=header, conversation_assigned=assigned)
        case events.NoteAdded(conversation, note):
            noted = events_pb.NoteAdded(
                conversation_id=conversation.conversation_id, topic=conversation.topic, note_id=note.note_id
            )
            return events_pb.MessagingEvent(header=header, note_added=noted)
        case events.ConversationRead(conversation, side):
            read = events_pb.ConversationRead(
                conversation_id=conversation.conversation_id,
                side=pb.ConversationSide.Value(f"CONVERSATION_SIDE_{side}"),
            )
            return events_pb.MessagingEvent(header=header, conversation_read=read)
        case events.ConversationClosed(conversation):
            closed = events_pb.ConversationClosed(
                conversation_id=conversation.conversation_id, topic=conversation.topic
            )
            return events_pb.MessagingEvent(header=header, conversation_closed=closed)
        case events.ConversationReopened(conversation):
            reopened = events_pb.ConversationReopened(
                conversation_id=conversation.conversation_id, topic=conversation.topic
            )
            return events_pb.MessagingEvent(header=header, conversation_reopened=reopened)


def assignee_kind_to_proto(assignee: Assignee | None) -> pb.AssigneeKind.ValueType:
    """Write what looks after a conversation, not which one."""
    return pb.AssigneeKind.Value(f"ASSIGNEE_KIND_{assignee.kind if assignee else 'UNSPECIFIED'}")
