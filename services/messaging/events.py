"""What has happened in messaging, in the model's own words; `convert.py` has the words that the others hear."""

from dataclasses import dataclass
from datetime import datetime

from services.messaging.campaigns.values import Enrolment
from services.messaging.conversations.values import Conversation, Entry, Mail, Note, Side
from services.messaging.values import Content, DeadLetter, DeliveryKind, Message, Receipt, SuppressionReason


@dataclass(frozen=True, slots=True)
class MessageQueued:
    """A message was queued."""

    message: Message
    content: Content
    occur_time: datetime | None = None
    """As the caller stated it; None for now."""
    replayed: DeadLetter | None = None
    """The dead letter that it is sent in place of, as it is afterwards."""


@dataclass(frozen=True, slots=True)
class MessageStateChanged:
    """A message changed its state."""

    message: Message
    content: Content
    variables: tuple[tuple[str, str], ...] = ()
    """Of one that failed: what it can be tried with again."""


@dataclass(frozen=True, slots=True)
class MessageReceiptNoted:
    """Something was reported of a message for the first time."""

    message: Message
    """As it is afterwards."""
    content: Content
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class SuppressionLifted:
    """Messages may go again to an address that bounced, or whose holder complained."""

    kind: DeliveryKind
    reason: SuppressionReason


@dataclass(frozen=True, slots=True)
class EntryPosted:
    """Something was said."""

    conversation: Conversation
    """As it is afterwards."""
    entry: Entry
    occur_time: datetime | None = None
    """As the caller stated it; None for now."""
    is_listed: bool = False
    """Whether the list of conversations has to know it as it is now: it is new, or stands elsewhere in queues."""
    mail: Mail | None = None
    """What else is kept of it where it came by mail."""


@dataclass(frozen=True, slots=True)
class ConversationAssigned:
    """A conversation was given to somebody, or taken back."""

    conversation: Conversation
    note: Note | None = None
    """With which it was handed over."""


@dataclass(frozen=True, slots=True)
class NoteAdded:
    """Staff noted something."""

    conversation: Conversation
    note: Note


@dataclass(frozen=True, slots=True)
class ConversationRead:
    """A side has read what was said."""

    conversation: Conversation
    side: Side


@dataclass(frozen=True, slots=True)
class ConversationClosed:
    """A conversation has ended."""

    conversation: Conversation


@dataclass(frozen=True, slots=True)
class ConversationReopened:
    """A conversation goes on that had ended."""

    conversation: Conversation


@dataclass(frozen=True, slots=True)
class EnrolmentChanged:
    """The customer entered or left a campaign, or ordered because of one."""

    enrolment: Enrolment
    is_about_order: bool = False
    """Whether its order is what changed."""


@dataclass(frozen=True, slots=True)
class MessagingAbsorbed:
    """What a merged customer's record held was taken over."""

    merge_id: str
    source_customer_id: str
    conversations: tuple[Conversation, ...]
    """Those that were joined into others or closed by it."""
    grown: tuple[Conversation, ...] = ()
    """Those into which others were joined."""
    enrolments: tuple[Enrolment, ...] = ()
    """The ways through campaigns that it ended."""


@dataclass(frozen=True, slots=True)
class MessagingSealed:
    """The customer was merged into another one; nothing follows."""

    merge_id: str
    survivor_customer_id: str


@dataclass(frozen=True, slots=True)
class MessagingErased:
    """The customer was forgotten; nothing follows."""

    erasure_id: str


@dataclass(frozen=True, slots=True)
class MessagingParted:
    """A merge into this customer was undone: what was a merged customer's is theirs again."""

    merge_id: str
    source_customer_id: str
    conversations: tuple[Conversation, ...] = ()
    """Those of this customer that began or are open again by it."""
    returned: tuple[Conversation, ...] = ()
    """The same of the other one, on their way to them."""
    enrolments: tuple[Enrolment, ...] = ()
    """The ways through campaigns of both that go on by it."""


@dataclass(frozen=True, slots=True)
class MessagingReleased:
    """The customer had been merged into another one, and is there again."""

    merge_id: str
    survivor_customer_id: str


Event = (
    MessageQueued
    | MessageStateChanged
    | MessageReceiptNoted
    | SuppressionLifted
    | EntryPosted
    | EnrolmentChanged
    | ConversationAssigned
    | NoteAdded
    | ConversationRead
    | ConversationClosed
    | ConversationReopened
    | MessagingAbsorbed
    | MessagingSealed
    | MessagingParted
    | MessagingReleased
    | MessagingErased
)
