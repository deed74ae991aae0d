"""What an event of a conversation means for the journey: who wrote, who looks after it, that it ended. Pure."""

from omnithread.context.v1 import context_pb2 as context
from omnithread.messaging.v1 import messaging_events_pb2 as messaging
from omnithread.messaging.v1 import messaging_pb2
from services.aggregator.meanings import Meaning, word

KIND = context.TOUCHPOINT_KIND_CONVERSATION


def of_conversation(event: messaging.MessagingEvent) -> Meaning | None:
    """Give the meaning; None where the event tells of none, or only that something was read."""
    match event.WhichOneof("payload"):
        case "entry_posted":
            entry = event.entry_posted
            author = word(messaging_pb2.Author.DESCRIPTOR, entry.author, "AUTHOR_")
            return Meaning(
                KIND,
                f"{author} wrote about {entry.topic}",
                entry.conversation_id,
                [("author", author), ("entry_id", entry.entry_id), ("topic", entry.topic)],
                by_company=entry.author != messaging_pb2.AUTHOR_CUSTOMER,
            )
        case "conversation_assigned":
            given = event.conversation_assigned
            kind = word(messaging_pb2.AssigneeKind.DESCRIPTOR, given.assignee_kind, "ASSIGNEE_KIND_")
            act = "handed over" if given.note_id else "given"
            return Meaning(
                KIND,
                f"{act} to {kind}: {given.topic}" if kind else f"taken back: {given.topic}",
                given.conversation_id,
                [("assignee", kind), ("assignee_id", given.assignee_id), ("note_id", given.note_id)],
                by_company=True,
            )
        case "note_added":
            noted = event.note_added
            return _done("note on", noted.topic, noted.conversation_id, [("note_id", noted.note_id)])
        case "conversation_closed":
            closed = event.conversation_closed
            return _done("closed", closed.topic, closed.conversation_id)
        case "conversation_reopened":
            reopened = event.conversation_reopened
            return _done("opened again", reopened.topic, reopened.conversation_id)
    return None


def _done(what: str, topic: str, conversation_id: str, more: list[tuple[str, str]] | None = None) -> Meaning:
    return Meaning(KIND, f"{what}: {topic}", conversation_id, [("topic", topic), *(more or [])], by_company=True)
