"""Decides what is said where: one open conversation per customer and topic, whatever the channels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from libs.mongo.values import Decision
from services.messaging import errors
from services.messaging.conversations.values import Author, Conversation, ConversationId, Entry, EntryId, Mail
from services.messaging.events import EntryPosted
from services.messaging.model import Change
from services.messaging.values import Messaging

MAX_OPEN_CONVERSATIONS = 10
MAX_ENTRIES = 10_000
MAX_RECENT_ENTRIES = 10
MAX_RECENT_BYTES = 98_304
"""All the newest entries of all open conversations together, so that the record stays small."""
MAX_MAIL_IDS = 5
MAX_MAIL_ID_CHARACTERS = 250
"""A longer one is not named in an answer; the mail that it is the id of is known all the same."""
TICK = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is said: in the conversation named while that is open, else in the open one on the topic."""

    conversation_id: str = ""
    topic: str = ""
    """Empty where the conversation has to be the one named."""


@dataclass(frozen=True, slots=True)
class Words:
    """What is said, by whom, on which channel."""

    author: Author
    actor_id: str
    text: str
    channel_id: str
    channel_kind: int
    session_id: str = ""
    mail: Mail | None = None
    """The mail by which they came."""
    automatic: bool = False
    """Whether a program sent that by itself."""


def post(
    state: Messaging,
    place: Place,
    words: Words,
    *,
    now: datetime,
    new_conversation_id: ConversationId,
    new_entry_id: EntryId,
    occur_time: datetime | None = None,
) -> Change:
    """Say something; the facts `conversation_id` and `entry_id` tell where.

    Raises CONVERSATION_NOT_FOUND for an id that is not one of an open conversation, and CONVERSATION_LIMIT.
    """
    conversation = find_open(state, place)
    if conversation is None:
        if not place.topic:
            raise errors.conversation_not_found()
        if len(state.conversations) >= MAX_OPEN_CONVERSATIONS:
            raise errors.conversation_limit("open conversations", MAX_OPEN_CONVERSATIONS)
        conversation = Conversation(
            new_conversation_id, place.topic, create_time=now, update_time=now, session_id=words.session_id
        )
    if conversation.entry_count >= MAX_ENTRIES:
        raise errors.conversation_limit("entries", MAX_ENTRIES)
    entry = Entry(
        entry_id=new_entry_id,
        conversation_id=conversation.conversation_id,
        author=words.author,
        actor_id=words.actor_id,
        text=words.text,
        channel_id=words.channel_id,
        channel_kind=words.channel_kind,
        post_time=max(now, conversation.update_time + TICK) if conversation.entry_count else now,
        session_id=words.session_id,
        by_mail=words.mail is not None,
        automatic=words.automatic,
    )
    after = replace(
        _answered(conversation, entry),
        entry_count=conversation.entry_count + 1,
        recent_entries=newest_entries((*conversation.recent_entries, entry)),
        update_time=entry.post_time,
        mail_ids=_mail_ids(conversation.mail_ids, words.mail),
        mail_subject=conversation.mail_subject or (words.mail.subject if words.mail else ""),
    )
    is_new = not conversation.entry_count
    is_listed = is_new or after.waiting_since != conversation.waiting_since
    if is_listed and not is_new:
        after = replace(after, revision=conversation.revision + 1)
    return Decision(
        with_conversation(state, after),
        (EntryPosted(after, entry, occur_time, is_listed=is_listed, mail=words.mail),),
        {"conversation_id": after.conversation_id, "entry_id": entry.entry_id},
    )


def find_open(state: Messaging, place: Place) -> Conversation | None:
    """Find the open conversation that is meant, also by the id of one that was joined into it."""
    for conversation in state.conversations:
        if place.conversation_id and place.conversation_id in conversation.ids:
            return conversation
    return next((found for found in state.conversations if place.topic and found.topic == place.topic), None)


def with_conversation(state: Messaging, after: Conversation) -> Messaging:
    """Give the state with a conversation as it is now."""
    others = [other for other in state.conversations if other.conversation_id != after.conversation_id]
    return replace(state, conversations=within_bounds((after, *others)))


def newest_entries(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Give the few newest, oldest of them first."""
    return tuple(sorted(entries, key=lambda entry: (entry.post_time, entry.entry_id))[-MAX_RECENT_ENTRIES:])


def newest_mail_ids(mail_ids: Sequence[str]) -> tuple[str, ...]:
    """Give those that an answer names: the first, by which all programs find the thread, and the newest few."""
    known = tuple(dict.fromkeys(mail_ids))
    return known if len(known) <= MAX_MAIL_IDS else (known[0], *known[1 - MAX_MAIL_IDS :])


def within_bounds(conversations: Sequence[Conversation]) -> tuple[Conversation, ...]:
    """Give the conversations, the one with the newest entry first, with as many of their newest entries as fit."""
    by_age = sorted(conversations, key=lambda found: (found.update_time, found.conversation_id), reverse=True)
    entries = [entry for conversation in by_age for entry in conversation.recent_entries]
    kept: set[EntryId] = set()
    left = MAX_RECENT_BYTES
    for entry in sorted(entries, key=lambda entry: (entry.post_time, entry.entry_id), reverse=True):
        left -= len(entry.text.encode())
        if left < 0:
            break
        kept.add(entry.entry_id)
    return tuple(
        replace(found, recent_entries=tuple(entry for entry in found.recent_entries if entry.entry_id in kept))
        for found in by_age
    )


def _answered(conversation: Conversation, entry: Entry) -> Conversation:
    """Count what is unread, and say whether the customer waits; what a program sent by itself does neither."""
    if entry.automatic:
        return conversation
    if entry.author is Author.CUSTOMER:
        return replace(
            conversation,
            last_author=entry.author,
            unread_by_customer=0,
            unread_by_staff=conversation.unread_by_staff + 1,
            waiting_since=conversation.waiting_since or entry.post_time,
        )
    return replace(
        conversation,
        last_author=entry.author,
        unread_by_customer=conversation.unread_by_customer + 1,
        unread_by_staff=0 if entry.author is Author.AGENT else conversation.unread_by_staff,
        waiting_since=None,
    )


def _mail_ids(known: tuple[str, ...], mail: Mail | None) -> tuple[str, ...]:
    if mail is None or len(mail.mail_id) > MAX_MAIL_ID_CHARACTERS:
        return known
    return newest_mail_ids((*known, mail.mail_id))
