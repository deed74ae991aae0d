"""What messaging keeps: frozen values of messages, and the whole state of a customer."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import NewType

from libs.origin import Origin
from services.messaging.campaigns.values import CampaignStep, Enrolment, Heard, PastEntry, SendWindow
from services.messaging.conversations.values import Conversation
from services.messaging.deciding.judgement import Judgement

MessageId = NewType("MessageId", str)
TemplateId = NewType("TemplateId", str)


class DeliveryKind(enum.StrEnum):
    """A way in which a message can reach a customer, by the contract's names."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    PUSH = "PUSH"
    IN_APP = "IN_APP"
    WEBHOOK = "WEBHOOK"
    AD_AUDIENCE = "AD_AUDIENCE"
    STORE_DISPLAY = "STORE_DISPLAY"


class MessageState(enum.StrEnum):
    """How far a message has come, by the contract's names."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


WAITING_STATES = frozenset({MessageState.QUEUED, MessageState.SENDING})


class Reason(enum.StrEnum):
    """Why a message was not sent: what channels and reports see as `state_reason`."""

    NO_CONSENT = "NO_CONSENT"
    NO_CONTACT_POINT = "NO_CONTACT_POINT"
    NO_PROVIDER = "NO_PROVIDER"
    """No way of delivery is set up for what the customer would take."""
    NO_FORM = "NO_FORM"
    """The template has no form for the way or the language."""
    PAUSED = "PAUSED"
    QUIET_HOURS = "QUIET_HOURS"
    """The customer's quiet hours are the whole day."""
    CAP_REACHED = "CAP_REACHED"
    SEND_TIME = "SEND_TIME"
    """It waits for the hour that a campaign chose."""
    SOURCE_AWAY = "SOURCE_AWAY"
    """It waits for a service that did not answer."""
    NOT_RELEVANT = "NOT_RELEVANT"
    """The cart is empty, another one, or was changed since."""
    ORDER_PLACED = "ORDER_PLACED"
    """The cart or the article that it is about was bought."""
    NO_ARTICLE = "NO_ARTICLE"
    """The text tells of an article that is not sold, or of which the catalogue told nothing."""
    NO_ORDER = "NO_ORDER"
    """The text tells of an order, and there is none."""
    CAMPAIGN_ENDED = "CAMPAIGN_ENDED"
    """The campaign that queued it is over, or the customer was taken out of it."""
    SUPERSEDED = "SUPERSEDED"
    """A newer message about the same cart was queued."""
    EXPIRED = "EXPIRED"
    """It waited for so long that it may not be sent any more."""
    QUEUE_FULL = "QUEUE_FULL"
    CUSTOMER_NOT_FOUND = "CUSTOMER_NOT_FOUND"
    PURPOSE_UNKNOWN = "PURPOSE_UNKNOWN"
    """The purpose is not configured any more."""
    TEMPLATE_NOT_FOUND = "TEMPLATE_NOT_FOUND"
    TEMPLATE_ERROR = "TEMPLATE_ERROR"
    REFUSED = "REFUSED"
    """The provider refused it for good."""
    NOT_TAKEN = "NOT_TAKEN"
    """The provider did not take it, as often as it was tried."""
    NOT_PREPARED = "NOT_PREPARED"
    """What nobody foresaw happened each time it was to be sent."""
    SUPPRESSED = "SUPPRESSED"
    """The address bounced, or the customer complained."""
    WORKER_LOST = "WORKER_LOST"
    """A worker stopped while sending."""
    OUTCOME_UNKNOWN = "OUTCOME_UNKNOWN"
    """The connection to the provider broke after the message was handed over, and before it was confirmed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be sent."""

    template_id: str
    variables: tuple[tuple[str, str], ...]
    """Names and values in the order given."""
    purpose: str
    kind: DeliveryKind | None


class ReceiptKind(enum.StrEnum):
    """What was reported of a message after it was handed over, by the contract's names."""

    DELIVERED = "DELIVERED"
    OPENED = "OPENED"
    CLICKED = "CLICKED"
    BOUNCED_SOFT = "BOUNCED_SOFT"
    BOUNCED_HARD = "BOUNCED_HARD"
    COMPLAINED = "COMPLAINED"


@dataclass(frozen=True, slots=True)
class Receipt:
    """One thing that was reported of a message."""

    kind: ReceiptKind
    time: datetime


class SuppressionReason(enum.StrEnum):
    """Why nothing is sent to an address any more."""

    BOUNCED = "BOUNCED"
    """It does not exist: nothing is sent there."""
    COMPLAINED = "COMPLAINED"
    """The customer called a message spam: nothing that needs consent is sent there."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address to which nothing is sent any more (`delivery/suppressed`)."""

    kind: DeliveryKind
    address_digest: str
    reason: SuppressionReason
    time: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """Something that the company says to a customer, without the long texts (`Content`).

    While it waits it is in the customer's record, and what the record says of it is what holds.
    """

    message_id: MessageId
    template_id: TemplateId
    purpose: str
    asked_kind: DeliveryKind | None
    """The only way that may be taken; None leaves the choice to the customer's preferences."""
    cause: str
    """The event or request that caused it."""
    origin: Origin
    """Channel, session, journey and trace of what caused it."""
    create_time: datetime
    update_time: datetime
    due_time: datetime
    """When a worker looks at it: while SENDING, when its worker's lease ends."""
    expire_time: datetime
    """When it is too late to send it."""
    cart_id: str = ""
    """The cart that it is about, empty where it is about none: sent only while that is what the customer has."""
    idle_since_time: datetime | None = None
    """When that cart had last been changed."""
    sku: str = ""
    """The article that it is about, empty where it is about none: not sent to somebody who has bought it."""
    verification_id: str = ""
    """The one-time code that it brings, empty where it brings none: neither subject nor text of it are kept."""
    confirmation_id: str = ""
    """The yes of which it asks whether it was meant, empty where it asks for none: nothing of it is kept either."""
    conversation_id: str = ""
    """The conversation in which it answers, empty where it answers in none."""
    answered_mail_ids: tuple[str, ...] = ()
    """The Message-IDs that its mail names, so that it stands with those: at most 5."""
    state: MessageState = MessageState.QUEUED
    state_reason: str = ""
    delivery_kind: DeliveryKind | None = None
    """The way that was chosen; None until then."""
    subject: str = ""
    """At most 200 characters; empty until it is rendered."""
    send_time: datetime | None = None
    claim_id: str = ""
    """Of the worker that sends it now, empty in other states."""
    attempts: int = 0
    """How often somebody tried to send it and could not."""
    revision: int = 1
    """Counts what was written of it to the list of messages."""
    asked_kinds: tuple[DeliveryKind, ...] = ()
    """Of several ways those that may be taken, the best first; empty where `asked_kind` or the preferences decide."""
    order_id: str = ""
    """The order that it is about, empty where it is about none."""
    campaign: CampaignStep | None = None
    """The step of a campaign that queued it."""
    send_window: SendWindow | None = None
    """The part of the day in which it may go, by the customer's clock; None for any time."""
    judgements: tuple[Judgement, ...] = ()
    """What was decided about it: the first time and the newest, oldest first, 4 at most."""
    provider_id: str = ""
    """Who delivers it, as in the file of providers; empty until one was chosen, and for our own inbox."""
    provider_ref: str = ""
    """How that provider calls it."""
    address_digest: str = ""
    """Of where it went (`delivery/suppressed`); empty where it has no address."""
    tries: int = 0
    """How often a provider did not take it, or it could not even be prepared."""
    is_unsure: bool = False
    """Whether an earlier try may have reached the customer: if nothing follows, nobody knows whether it did."""
    receipts: tuple[Receipt, ...] = ()
    """What was reported of it, oldest first, each kind once."""


@dataclass(frozen=True, slots=True)
class Card:
    """What the inbox or a store display shows beside the text; each empty where there is none."""

    image_uri: str = ""
    link_uri: str = ""
    button_label: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What a message is made of: kept in the list of messages only."""

    variables: tuple[tuple[str, str], ...] = ()
    """Names and values, sorted by name; dropped when the message has come to its end."""
    template_version: int = 0
    language: str = ""
    body_text: str = ""
    card: Card | None = None
    """None where there is nothing beside the text."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be sent, with all that is needed to try again: kept in a list of its own."""

    message: Message
    variables: tuple[tuple[str, str], ...] = ()
    replay_time: datetime | None = None
    """When a person had it tried again; None where nobody did."""
    replayed_as: str = ""
    """The message by which that was done."""
    revision: int = 1


@dataclass(frozen=True, slots=True)
class MessageSummary:
    """A message without its texts, for the overview."""

    message_id: MessageId
    template_id: TemplateId
    purpose: str
    state: MessageState
    state_reason: str
    delivery_kind: DeliveryKind | None
    subject: str
    create_time: datetime
    send_time: datetime | None
    session_id: str = ""
    """The visit that caused it."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One message that went out, or may have: what caps count."""

    purpose: str
    time: datetime
    kind: str = ""
    """By which way; empty where that was not noted."""


@dataclass(frozen=True, slots=True)
class Messaging:
    """What was said to a customer and what they answered: the state in the customer's record."""

    waiting: tuple[Message, ...] = ()
    """Messages queued or being sent, oldest first."""
    recent: tuple[MessageSummary, ...] = ()
    """The newest messages of any state, newest first."""
    conversations: tuple[Conversation, ...] = ()
    """The open ones, the one with the newest entry first."""
    sent: tuple[Sending, ...] = ()
    """What went out in the last 365 days, oldest first; the newest 1000."""
    suppressions: tuple[Suppression, ...] = ()
    """Addresses to which nothing is sent any more, at most 50, the oldest first."""
    enrolments: tuple[Enrolment, ...] = ()
    """The ways through campaigns, oldest first: at most 20 active ones, 50 with those that ended lately."""
    heard: tuple[Heard, ...] = ()
    """What came of triggers of campaigns, the newest last; at most 50."""
    past_entries: tuple[PastEntry, ...] = ()
    """The campaigns that were entered, oldest first; at most 100."""

    reactions: tuple[datetime, ...] = ()
    """When the customer reacted to messages, oldest first; the newest 64 (`deciding/usual_hours`)."""

    @property
    def due_time(self) -> datetime | None:
        """When a worker has something to do here."""
        due = [message.due_time for message in self.waiting]
        due += [one.due_time for one in self.enrolments if one.is_active and one.due_time is not None]
        return min(due, default=None)


def summary_of(message: Message) -> MessageSummary:
    """Give what the overview tells of a message."""
    return MessageSummary(
        message_id=message.message_id,
        template_id=message.template_id,
        purpose=message.purpose,
        state=message.state,
        state_reason=message.state_reason,
        delivery_kind=message.delivery_kind,
        subject=message.subject,
        create_time=message.create_time,
        send_time=message.send_time,
        session_id=message.origin.session_id,
    )
