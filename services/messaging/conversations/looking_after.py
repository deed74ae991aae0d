"""Decides who looks after a conversation, what staff note on it, what is read, and when it ends. Pure.

A bot may give away what it, or nobody, looks after; what a person looks after only people give away.
"""

from dataclasses import replace
from datetime import datetime

from libs.errors import actor_required
from libs.mongo.values import Decision
from libs.origin import Origin
from services.messaging import errors
from services.messaging.conversations.talking import (
    MAX_OPEN_CONVERSATIONS,
    Place,
    find_open,
    with_conversation,
    within_bounds,
)
from services.messaging.conversations.values import (
    Assignee,
    AssigneeKind,
    Author,
    Conversation,
    Entry,
    Note,
    NoteId,
    Side,
)
from services.messaging.events import (
    ConversationAssigned,
    ConversationClosed,
    ConversationRead,
    ConversationReopened,
    NoteAdded,
)
from services.messaging.model import Change
from services.messaging.values import Messaging

MAX_NOTES = 500


def assign(
    state: Messaging,
    conversation_id: str,
    assignee: Assignee | None,
    *,
    by: Origin,
    only_if_free: bool,
    now: datetime,
) -> Change:
    """Give a conversation to somebody, or to nobody.

    Raises CONVERSATION_NOT_FOUND, ACTOR_REQUIRED, CONVERSATION_ASSIGNED.
    """
    conversation = _open(state, conversation_id)
    _check_may_act(conversation, by)
    if only_if_free and conversation.assignee not in (None, assignee):
        raise errors.conversation_assigned(conversation.assignee)
    return _given(state, conversation, assignee, now=now)


def hand_over(
    state: Messaging,
    conversation_id: str,
    assignee: Assignee,
    text: str,
    *,
    by: Origin,
    new_note_id: NoteId,
    now: datetime,
) -> Change:
    """Give a conversation to the next with a note; the fact `note_id` names it.

    Raises CONVERSATION_NOT_FOUND, ACTOR_REQUIRED, CONVERSATION_LIMIT.
    """
    conversation = _open(state, conversation_id)
    _check_may_act(conversation, by)
    note = _note(conversation, text, by, new_note_id, now, handed_to=assignee)
    return _given(state, replace(conversation, note_count=conversation.note_count + 1), assignee, now=now, note=note)


def add_note(
    state: Messaging, conversation_id: str, text: str, *, by: Origin, new_note_id: NoteId, now: datetime
) -> Change:
    """Note something; the fact `note_id` names it. CONVERSATION_NOT_FOUND, ACTOR_REQUIRED, CONVERSATION_LIMIT."""
    check_staff(by)
    conversation = _open(state, conversation_id)
    note = _note(conversation, text, by, new_note_id, now)
    after = replace(conversation, note_count=conversation.note_count + 1)
    facts = {"conversation_id": after.conversation_id, "note_id": note.note_id}
    return Decision(with_conversation(state, after), (NoteAdded(after, note),), facts)


def mark_read(state: Messaging, conversation_id: str, side: Side, *, by: Origin, entry_id: str = "") -> Change:
    """Say that a side has read all, or all up to an entry. Raises CONVERSATION_NOT_FOUND, ACTOR_REQUIRED."""
    if side is Side.STAFF:
        check_staff(by)
    conversation = _open(state, conversation_id)
    facts = {"conversation_id": conversation.conversation_id}
    is_staff = side is Side.STAFF
    unread = conversation.unread_by_staff if is_staff else conversation.unread_by_customer
    left = min(unread, _said_after(conversation, entry_id, to=side)) if entry_id else 0
    if left == unread:
        return Decision(state, facts=facts)
    read = replace(conversation, unread_by_staff=left) if is_staff else replace(conversation, unread_by_customer=left)
    return Decision(with_conversation(state, read), (ConversationRead(read, side),), facts)


def _said_after(conversation: Conversation, entry_id: str, *, to: Side) -> int:
    """Count what was said to a side after an entry; of one that is not among the newest, all that is unread."""
    newest = conversation.recent_entries
    seen = next((index for index, entry in enumerate(newest) if entry.entry_id == entry_id), None)
    if seen is None:
        return conversation.entry_count
    by_customer = to is Side.STAFF
    return sum(1 for entry in newest[seen + 1 :] if _counts_as_said(entry, by_customer=by_customer))


def _counts_as_said(entry: Entry, *, by_customer: bool) -> bool:
    return not entry.automatic and (entry.author is Author.CUSTOMER) is by_customer


def close(state: Messaging, conversation_id: str, *, by: Origin) -> Change:
    """End a conversation; nobody looks after it, waits or has something to read any more.

    Raises CONVERSATION_NOT_FOUND, ACTOR_REQUIRED.
    """
    conversation = _open(state, conversation_id)
    _check_may_act(conversation, by)
    closed = replace(
        conversation, is_open=False, waiting_since=None, unread_by_staff=0, revision=conversation.revision + 1
    )
    others = tuple(other for other in state.conversations if other.conversation_id != conversation.conversation_id)
    facts = {"conversation_id": closed.conversation_id}
    return Decision(replace(state, conversations=others), (ConversationClosed(closed),), facts)


def reopen(state: Messaging, ended: Conversation, *, by: Origin) -> Change:
    """Let a conversation go on, its newest entries in it. ACTOR_REQUIRED, TOPIC_OPEN, CONVERSATION_LIMIT."""
    check_staff(by)
    facts = {"conversation_id": ended.conversation_id}
    if find_open(state, Place(conversation_id=ended.conversation_id)):
        return Decision(state, facts=facts)
    on_topic = find_open(state, Place(topic=ended.topic))
    if on_topic is not None:
        raise errors.topic_open(on_topic.conversation_id)
    if len(state.conversations) >= MAX_OPEN_CONVERSATIONS:
        raise errors.conversation_limit("open conversations", MAX_OPEN_CONVERSATIONS)
    again = replace(ended, is_open=True, revision=ended.revision + 1)
    after = replace(state, conversations=within_bounds((again, *state.conversations)))
    return Decision(after, (ConversationReopened(again),), facts)


def check_staff(by: Origin) -> None:
    """Refuse what only a member of staff may do (ACTOR_REQUIRED)."""
    if not by.actor_id:
        raise actor_required()


def _check_may_act(conversation: Conversation, by: Origin) -> None:
    if conversation.assignee is not None and conversation.assignee.kind is not AssigneeKind.BOT:
        check_staff(by)


def _open(state: Messaging, conversation_id: str) -> Conversation:
    conversation = find_open(state, Place(conversation_id=conversation_id))
    if conversation is None:
        raise errors.conversation_not_found()
    return conversation


def _given(
    state: Messaging, conversation: Conversation, assignee: Assignee | None, *, now: datetime, note: Note | None = None
) -> Change:
    after = replace(
        conversation,
        assignee=assignee,
        assign_time=now if assignee else None,
        revision=conversation.revision + 1,
    )
    facts = {"conversation_id": after.conversation_id, "note_id": note.note_id if note else ""}
    return Decision(with_conversation(state, after), (ConversationAssigned(after, note),), facts)


def _note(
    conversation: Conversation,
    text: str,
    by: Origin,
    new_note_id: NoteId,
    now: datetime,
    handed_to: Assignee | None = None,
) -> Note:
    if conversation.note_count >= MAX_NOTES:
        raise errors.conversation_limit("notes", MAX_NOTES)
    return Note(
        note_id=new_note_id,
        conversation_id=conversation.conversation_id,
        actor_id=by.actor_id,
        text=text,
        channel_id=by.channel_id,
        channel_kind=by.channel_kind,
        post_time=now,
        handed_to=handed_to,
    )
