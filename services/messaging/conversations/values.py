"""What is kept of conversations: frozen values."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

ConversationId = NewType("ConversationId", str)
EntryId = NewType("EntryId", str)
NoteId = NewType("NoteId", str)


class Author(enum.StrEnum):
    """Who wrote an entry, by the contract's names."""

    CUSTOMER = "CUSTOMER"
    AGENT = "AGENT"
    BOT = "BOT"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing said in a conversation."""

    entry_id: EntryId
    conversation_id: ConversationId
    """Where it was said first: a conversation that was joined into another keeps its entries."""
    author: Author
    actor_id: str
    text: str
    channel_id: str
    channel_kind: int
    post_time: datetime
    """Later than that of the entry before, whatever the servers' clocks say."""
    session_id: str = ""
    """The visit in which it was said."""
    by_mail: bool = False
    """Whether it came by mail: who wrote it is what the mail says, and nobody has proven it."""
    automatic: bool = False
    """Whether a program sent that mail by itself: nobody is expected to answer."""


@dataclass(frozen=True, slots=True)
class Mail:
    """What is kept of a mail beside its entry: in the list of entries only."""

    mail_id: str
    """Its Message-ID without angle brackets; at most 998 characters."""
    subject: str = ""
    text: str = ""
    """The whole with what it quotes, at most 16384 bytes."""
    from_own_address: bool = False
    """Whether it says that it comes from a verified address of this customer."""


class AssigneeKind(enum.StrEnum):
    """What looks after a conversation, by the contract's names."""

    BOT = "BOT"
    AGENT = "AGENT"
    TEAM = "TEAM"
    STORE = "STORE"


@dataclass(frozen=True, slots=True)
class Assignee:
    """Who looks after a conversation."""

    kind: AssigneeKind
    id: str


class Side(enum.StrEnum):
    """One of the two between whom a conversation goes, by the contract's names."""

    CUSTOMER = "CUSTOMER"
    STAFF = "STAFF"


@dataclass(frozen=True, slots=True)
class Note:
    """What staff tell each other about a conversation; no customer sees it."""

    note_id: NoteId
    conversation_id: ConversationId
    actor_id: str
    text: str
    channel_id: str
    channel_kind: int
    post_time: datetime
    handed_to: Assignee | None = None
    """To whom the conversation was handed over with it."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """An exchange about one topic, whatever the channels."""

    conversation_id: ConversationId
    topic: str
    create_time: datetime
    update_time: datetime
    entry_count: int = 0
    recent_entries: tuple[Entry, ...] = ()
    """The newest, oldest of them first."""
    is_open: bool = True
    joined_ids: tuple[ConversationId, ...] = ()
    """Conversations of merged customers that go on in this one."""
    joined_into: ConversationId = ConversationId("")
    """The conversation in which this one goes on; empty where it stands for itself."""
    revision: int = 1
    session_id: str = ""
    """The visit in which it began."""
    assignee: Assignee | None = None
    assign_time: datetime | None = None
    unread_by_customer: int = 0
    unread_by_staff: int = 0
    last_author: Author | None = None
    """None in conversations from before this was kept."""
    waiting_since: datetime | None = None
    """Since when the customer waits for an answer."""
    note_count: int = 0
    mail_ids: tuple[str, ...] = ()
    """The Message-IDs of mails that it got, oldest first: the first and the newest few, for the mail that answers."""
    mail_subject: str = ""
    """Of the first of them, at most 200 characters."""

    @property
    def ids(self) -> tuple[ConversationId, ...]:
        """All ids under which it is known."""
        return (self.conversation_id, *self.joined_ids)
