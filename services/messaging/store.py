"""Remembers: the fields of a customer's record, the lists beside it, the documents of templates, and their indexes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from libs.mongo.migrate import Index, due_index, member_index
from libs.mongo.next_version import size_of
from libs.mongo.values import Member, RecordShape
from services.messaging.campaigns.fields import (
    campaign_fields_of,
    enrolment_from,
    heard_from,
    past_entries_from,
)
from services.messaging.campaigns.values import Enrolment
from services.messaging.conversations.values import Assignee, Conversation, Entry, Mail, Note
from services.messaging.convert import event_to_proto
from services.messaging.events import (
    ConversationAssigned,
    ConversationClosed,
    ConversationReopened,
    EnrolmentChanged,
    EntryPosted,
    Event,
    MessageQueued,
    MessageReceiptNoted,
    MessageStateChanged,
    MessagingAbsorbed,
    MessagingParted,
    NoteAdded,
)
from services.messaging.fields import (
    Fields,
    content_from,
    conversation_from,
    entry_from,
    fields_of,
    mail_from,
    message_from,
    note_from,
    sent_from,
    sent_to_fields,
    summary_from,
    suppression_from,
)
from services.messaging.room import ROOM_BYTES, within_size
from services.messaging.subscriptions.store import INDEXES as SUBSCRIPTION_INDEXES
from services.messaging.values import Content, DeadLetter, Message, MessageState, Messaging

MESSAGES = "messages"
CONVERSATIONS = "conversations"
ENTRIES = "entries"
PROVIDER_REF = "provider_ref"
"""Of a message: the provider's id and how it calls the message, with a space between them."""
DEAD_LETTERS = "dead_letters"
DEAD_LETTERS_KEPT = timedelta(days=90)
NOTES = "notes"
ENROLMENTS = "enrolments"
DUE_TIME = "due_time"
SESSION_ID = "session_id"
"""Of an entry or a message: the visit that it comes from."""
RETURNED_BY = "returned_by"
"""Of a conversation: the merge by whose undoing it goes to the customer who is there again."""
QUEUE = "queue"
"""Of a conversation: in whose queue it stands (`queue_of`)."""
WAITING_SINCE = "waiting_since"
ASSIGN_TIME = "assign_time"
MAIL_KEY = "mail_key"
"""Of an entry that came by mail: stands for its Message-ID."""
ENDED = ""
MAIL_KEY_CHARACTERS = 32

INDEXES = (
    due_index(DUE_TIME),
    member_index(MESSAGES),
    member_index(CONVERSATIONS),
    member_index(ENROLMENTS),
    Index(ENROLMENTS, (("campaign_id", 1), ("sort_time", 1), ("_id", 1))),
    member_index(DEAD_LETTERS),
    Index(DEAD_LETTERS, (("sort_time", 1), ("_id", 1))),
    Index(DEAD_LETTERS, (("replayed_as", 1), ("sort_time", 1))),
    Index(DEAD_LETTERS, (("expire_time", 1),), expire_after_seconds=0),
    Index(MESSAGES, ((PROVIDER_REF, 1),), sparse=True),
    Index(ENTRIES, (("customer_id", 1), ("conversation_id", 1), ("sort_time", 1), ("_id", 1))),
    Index(ENTRIES, ((MAIL_KEY, 1),), sparse=True),
    Index(NOTES, (("customer_id", 1), ("conversation_id", 1), ("sort_time", 1), ("_id", 1))),
    Index(CONVERSATIONS, ((QUEUE, 1), (WAITING_SINCE, 1), ("_id", 1)), sparse=True),
    Index(CONVERSATIONS, ((QUEUE, 1), (ASSIGN_TIME, 1), ("_id", 1)), sparse=True),
    *SUBSCRIPTION_INDEXES,
)


def messaging_to_fields(state: Messaging) -> Fields:
    """Write the state as top-level fields of the record, always all of them, within its size (`room`)."""
    fields = _all_fields(state)
    if size_of(fields) <= ROOM_BYTES:
        return fields
    return _all_fields(within_size(state, lambda smaller, name: size_of({name: LISTS[name](smaller)})))


def _all_fields(state: Messaging) -> Fields:
    return {DUE_TIME: state.due_time, **{name: written(state) for name, written in LISTS.items()}}


LISTS: Mapping[str, Callable[[Messaging], list[Any]]] = {
    "waiting": lambda state: [fields_of(message) for message in state.waiting],
    "recent": lambda state: [fields_of(summary) for summary in state.recent],
    "conversations": lambda state: [fields_of(conversation) for conversation in state.conversations],
    "sent": lambda state: list(sent_to_fields(state.sent)),
    "suppressions": lambda state: [fields_of(suppression) for suppression in state.suppressions],
    "enrolments": lambda state: [campaign_fields_of(enrolment) for enrolment in state.enrolments],
    "heard": lambda state: [campaign_fields_of(heard) for heard in state.heard],
    "past_entries": lambda state: [campaign_fields_of(entry) for entry in state.past_entries],
    "reactions": lambda state: list(state.reactions),
}
"""How each list of the record is written."""


def messaging_from_document(document: Mapping[str, Any]) -> Messaging:
    """Read the state from a record."""
    return Messaging(
        waiting=tuple(message_from(fields) for fields in document["waiting"]),
        recent=tuple(summary_from(fields) for fields in document["recent"]),
        conversations=tuple(conversation_from(fields) for fields in document["conversations"]),
        sent=sent_from(document["sent"]),
        suppressions=tuple(suppression_from(fields) for fields in document.get("suppressions", ())),
        enrolments=tuple(enrolment_from(fields) for fields in document.get("enrolments", ())),
        heard=heard_from(document.get("heard", ())),
        past_entries=past_entries_from(document.get("past_entries", ())),
        reactions=tuple(document.get("reactions", ())),
    )


def message_from_document(document: Mapping[str, Any]) -> tuple[Message, Content]:
    """Read a member of the list of messages."""
    return message_from(document["message"]), content_from(document["content"])


def dead_letter_from_document(document: Mapping[str, Any]) -> DeadLetter:
    """Read a member of the list of what could not be sent."""
    return DeadLetter(
        message=message_from(document["message"]),
        variables=tuple((name, value) for name, value in document["variables"]),
        replay_time=document["replay_time"],
        replayed_as=document["replayed_as"],
        revision=document["revision"],
    )


def conversation_from_document(document: Mapping[str, Any]) -> Conversation:
    """Read a member of the list of conversations; its newest entries are not in it."""
    return conversation_from(document["conversation"])


def entry_from_document(document: Mapping[str, Any]) -> Entry:
    """Read a member of the list of entries."""
    return entry_from(document["entry"])


def mail_from_document(document: Mapping[str, Any]) -> Mail | None:
    """Read what is kept of a mail beside a member of the list of entries; None where it came otherwise."""
    return mail_from(document["mail"]) if document.get("mail") else None


def note_from_document(document: Mapping[str, Any]) -> Note:
    """Read a member of the list of notes."""
    return note_from(document["note"])


def mail_key(mail_id: str) -> str:
    """Give what stands for a Message-ID in the index: as long for a long one, and nothing of it to read."""
    return sha256(mail_id.encode()).hexdigest()[:MAIL_KEY_CHARACTERS]


def queue_of(assignee: Assignee | None) -> str:
    """Name the queue of somebody who looks after conversations, or of those that nobody does."""
    return f"{assignee.kind}:{assignee.id}" if assignee else "FREE"


def _members(event: Event) -> Sequence[Member]:
    match event:
        case MessageStateChanged(message, content, variables) if message.state is MessageState.FAILED:
            dead = _dead_letter_member(DeadLetter(message, variables))
            return (_message_member(message, content), dead)
        case MessageQueued(message, content) if event.replayed is not None:
            return (_message_member(message, content), _dead_letter_member(event.replayed))
        case MessageQueued() | MessageStateChanged() | MessageReceiptNoted():
            return (_message_member(event.message, event.content),)
        case EnrolmentChanged():
            return (_enrolment_member(event.enrolment),)
        case MessagingAbsorbed():
            return (
                *(_conversation_member(conversation) for conversation in (*event.conversations, *event.grown)),
                *map(_enrolment_member, event.enrolments),
            )
        case MessagingParted():
            return (
                *(_conversation_member(conversation) for conversation in event.conversations),
                *(_conversation_member(conversation, returned_by=event.merge_id) for conversation in event.returned),
                *map(_enrolment_member, event.enrolments),
            )
        case _:
            return _members_of_conversations(event)


def _members_of_conversations(event: Event) -> Sequence[Member]:
    match event:
        case EntryPosted():
            entry = _entry_member(event.entry, event.mail)
            return (entry, _conversation_member(event.conversation)) if event.is_listed else (entry,)
        case ConversationAssigned():
            listed = _conversation_member(event.conversation)
            return (listed, _note_member(event.note, event.conversation)) if event.note else (listed,)
        case NoteAdded():
            return (_note_member(event.note, event.conversation),)
        case ConversationClosed() | ConversationReopened():
            return (_conversation_member(event.conversation),)
        case _:
            return ()


def _occur_time(event: Event) -> datetime | None:
    return event.occur_time if isinstance(event, MessageQueued | EntryPosted) else None


SHAPE: RecordShape[Messaging, Event] = RecordShape(
    empty=lambda _customer_id: Messaging(),
    to_fields=messaging_to_fields,
    from_document=messaging_from_document,
    to_event=event_to_proto,
    members=_members,
    occur_time=_occur_time,
)


def _message_member(message: Message, content: Content) -> Member:
    document = {
        "sort_time": message.create_time,
        "revision": message.revision,
        "delivery_kind": message.delivery_kind,
        SESSION_ID: message.origin.session_id,
        "message": fields_of(message),
        "content": fields_of(content),
    }
    if message.provider_ref:
        document[PROVIDER_REF] = f"{message.provider_id} {message.provider_ref}"
    return Member(collection=MESSAGES, id=message.message_id, document=document)


def _dead_letter_member(letter: DeadLetter) -> Member:
    document = {
        "sort_time": letter.message.update_time,
        "expire_time": letter.message.update_time + DEAD_LETTERS_KEPT,
        "revision": letter.revision,
        SESSION_ID: letter.message.origin.session_id,
        "message": fields_of(letter.message),
        "variables": [list(variable) for variable in letter.variables],
        "replay_time": letter.replay_time,
        "replayed_as": letter.replayed_as,
    }
    return Member(collection=DEAD_LETTERS, id=letter.message.message_id, document=document)


def _conversation_member(conversation: Conversation, *, returned_by: str = "") -> Member:
    document = {
        "sort_time": conversation.create_time,
        "revision": conversation.revision,
        RETURNED_BY: returned_by,
        SESSION_ID: conversation.session_id,
        QUEUE: queue_of(conversation.assignee) if conversation.is_open else ENDED,
        WAITING_SINCE: conversation.waiting_since,
        ASSIGN_TIME: conversation.assign_time or conversation.create_time,
        "conversation": fields_of(replace(conversation, recent_entries=())),
    }
    return Member(collection=CONVERSATIONS, id=conversation.conversation_id, document=document)


def _enrolment_member(enrolment: Enrolment) -> Member:
    document = {
        "sort_time": enrolment.enter_time,
        "revision": enrolment.revision,
        "campaign_id": enrolment.campaign_id,
        SESSION_ID: enrolment.trigger.origin.session_id,
        "enrolment": campaign_fields_of(enrolment),
    }
    return Member(collection=ENROLMENTS, id=enrolment.enrolment_id, document=document)


def _entry_member(entry: Entry, mail: Mail | None) -> Member:
    document = {
        "sort_time": entry.post_time,
        "conversation_id": entry.conversation_id,
        SESSION_ID: entry.session_id,
        "entry": fields_of(entry),
    }
    if mail is not None:
        document |= {MAIL_KEY: mail_key(mail.mail_id), "mail": fields_of(mail)}
    return Member(collection=ENTRIES, id=entry.entry_id, document=document)


def _note_member(note: Note, conversation: Conversation) -> Member:
    document = {
        "sort_time": note.post_time,
        "conversation_id": note.conversation_id,
        SESSION_ID: conversation.session_id,
        "note": fields_of(note),
    }
    return Member(collection=NOTES, id=note.note_id, document=document)
