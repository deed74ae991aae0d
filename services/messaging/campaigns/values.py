"""What is kept of a customer's way through campaigns: frozen values in the customer's record."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.ids import derived_id
from libs.origin import Origin

CONTROL = "control"
"""The arm of those who get nothing, to compare with."""
COMPLETED = "COMPLETED"

MAX_ACTIVE_ENROLMENTS = 20
MAX_ENROLMENTS = 50
MAX_PATH_STEPS = 400
"""Of all enrolments together: what makes most of their size."""
MAX_HEARD = 50
MAX_PAST_ENTRIES = 100


class TriggerKind(enum.StrEnum):
    """What lets a customer enter, by the contract's names."""

    CART_ABANDONED = "CART_ABANDONED"
    PRODUCT_VIEWED = "PRODUCT_VIEWED"
    PRICE_FELL = "PRICE_FELL"
    ORDER_PLACED = "ORDER_PLACED"
    ORDER_PICKED_UP = "ORDER_PICKED_UP"
    ORDER_DELIVERED = "ORDER_DELIVERED"
    SEGMENT_ENTERED = "SEGMENT_ENTERED"
    DATE = "DATE"
    CONSENT_GRANTED = "CONSENT_GRANTED"


REPLACING_KINDS = frozenset({TriggerKind.CART_ABANDONED, TriggerKind.PRICE_FELL})
"""What happens anew to the same subject is truer than what happened before: the newer takes the place of the older."""


@dataclass(frozen=True, slots=True)
class SendWindow:
    """The part of the day in which a message may go, by the customer's clock."""

    start_minute: int
    end_minute: int
    """Not included; not above the start means on the next day, equal is the whole day."""


@dataclass(frozen=True, slots=True)
class CampaignStep:
    """Of a message: the step that queued it."""

    campaign_id: str
    campaign_version: int
    enrolment_id: str
    step_id: str
    arm: str


@dataclass(frozen=True, slots=True)
class Trigger:
    """What happened, and to what."""

    kind: TriggerKind
    event_id: str
    """Of the announcement; for a date, of the campaign's version."""
    time: datetime
    """When it was announced."""
    origin: Origin
    """Channel, session, journey and trace of what happened."""
    key: str = ""
    """What makes it the same trigger for two customers who turn out to be one; empty for the event's id."""
    cart_id: str = ""
    idle_since_time: datetime | None = None
    """When that cart had last been changed."""
    sku: str = ""
    order_id: str = ""
    segment_id: str = ""
    purpose: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    """What texts may tell of it, sorted by name; dropped when the customer leaves the campaign."""

    @property
    def subject(self) -> str:
        """Give what it is about."""
        return self.order_id or self.cart_id or self.sku or self.segment_id or self.purpose

    @property
    def same_key(self) -> str:
        """Give what makes it the same trigger."""
        return self.key or self.event_id


@dataclass(frozen=True, slots=True)
class StepTaken:
    """A step that was taken."""

    step_id: str
    time: datetime
    outcome: str
    """`QUEUED`, `WAITED`, `EXITED`, the step that a branch led to, or why nothing could be queued."""
    message_id: str = ""
    """The message that it queued; empty where it queued none."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """The order that a campaign led to."""

    order_id: str
    currency_code: str
    units: int
    nanos: int
    channel_id: str
    channel_kind: int
    """A value of `omnithread.common.v1.ChannelKind`."""
    order_time: datetime
    after_message: bool = False
    """Whether a message of the campaign had come before; never so in the control group."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A message of the campaign that went out."""

    message_id: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One customer's way through one campaign.

    While it is active it has a due time. When it ended it is kept for as long as an order counts as its success, or
    while a message of it waits.
    """

    enrolment_id: str
    campaign_id: str
    campaign_version: int
    """The version with which the customer entered; it goes on by that one."""
    trigger: Trigger
    enter_time: datetime
    attribute_until: datetime
    """Until then an order counts as its success."""
    due_time: datetime | None
    """When the next step is taken; None where there is none."""
    step_id: str = ""
    """The next step; empty before the first is due, and after the last."""
    arm: str = ""
    """`control`, or the arm; empty until the first step is due."""
    exit_on: tuple[str, ...] = ()
    """What ends it at once, by the contract's names."""
    purpose: str = ""
    end_time: datetime | None = None
    end_reason: str = ""
    path: tuple[StepTaken, ...] = ()
    """Oldest first; at most one for each of the 30 steps."""
    conversion: Conversion | None = None
    reached: tuple[Reached, ...] = ()
    """The messages that went out, oldest first; at most one for each step that sends."""
    tries: int = 0
    """How often the next step could not be taken, since a service did not answer."""
    revision: int = 1
    """Counts what was written of it to the list of enrolments."""

    @property
    def is_active(self) -> bool:
        """Whether the customer is in the campaign."""
        return self.end_time is None

    @property
    def is_begun(self) -> bool:
        """Whether the first step was due."""
        return bool(self.arm)


class HeardOutcome(enum.StrEnum):
    """What came of a trigger."""

    ENTERED = "ENTERED"
    CONTROL_GROUP = "CONTROL_GROUP"
    CONDITION_FAILED = "CONDITION_FAILED"
    """`detail` has which, from 0."""
    REENTRY = "REENTRY"
    """They were in it before, and may not enter again, or not yet."""
    ALREADY_ENROLLED = "ALREADY_ENROLLED"
    """They are in it already, because of the same thing."""
    TOO_OLD = "TOO_OLD"
    """It was heard too late."""
    QUEUE_FULL = "QUEUE_FULL"
    """They are in 20 campaigns."""
    NO_CAMPAIGN = "NO_CAMPAIGN"
    """No campaign for such a trigger was active."""
    ENTERED_BEFORE = "ENTERED_BEFORE"
    """The same thing was told of before: to one who was merged into this customer, or by an announcement that came
    twice."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of triggers: of one kind, for one campaign, with one outcome, counted."""

    kind: TriggerKind
    campaign_id: str
    """Empty for NO_CAMPAIGN."""
    outcome: HeardOutcome
    detail: str
    time: datetime
    """Of the newest."""
    count: int = 1
    event_id: str = ""
    """Of the newest."""
    subject: str = ""
    """Of the newest."""


@dataclass(frozen=True, slots=True)
class PastEntry:
    """That a customer entered a campaign, for as long as the room lasts: who may enter again goes by it."""

    campaign_id: str
    key: str
    """Of the trigger."""
    time: datetime
    arm: str = ""
    """Empty until it is known."""
    counts: bool = True
    """Whether it keeps from entering again: not so where a condition was not fulfilled."""


def enrolment_id_of(campaign_id: str, trigger: Trigger, customer_id: str) -> str:
    """Give the id that follows from what happened: heard twice, it is the same one."""
    return derived_id("enr", campaign_id, trigger.same_key, customer_id)


def message_id_of(enrolment_id: str, step_id: str) -> str:
    """Give the id of the message that a step queues: there is never a second one."""
    return derived_id("msg", enrolment_id, step_id)


def kept_enrolments(
    enrolments: tuple[Enrolment, ...], now: datetime, *, waiting: frozenset[str]
) -> tuple[Enrolment, ...]:
    """Give those that are still needed, oldest first: active, with a message waiting, or within their attribution.

    Beyond the bounds the oldest that ended go first; active ones never.
    """
    needed = [one for one in enrolments if one.is_active or one.enrolment_id in waiting or one.attribute_until > now]
    needed.sort(key=lambda one: (one.enter_time, one.enrolment_id))
    steps = sum(len(one.path) for one in needed)
    kept = []
    excess = len(needed) - MAX_ENROLMENTS
    for one in needed:
        if not one.is_active and (excess > 0 or steps > MAX_PATH_STEPS):
            excess -= 1
            steps -= len(one.path)
        else:
            kept.append(one)
    return tuple(kept)


def with_heard(heard: tuple[Heard, ...], new: Heard) -> tuple[Heard, ...]:
    """Add one, newest last: what is alike is counted, and the oldest go where there is no room."""
    same = next((one for one in heard if _alike(one, new)), None)
    if same is None:
        return (*heard, new)[-MAX_HEARD:]
    newest = max(same, new, key=lambda one: one.time)
    counted = Heard(
        kind=new.kind,
        campaign_id=new.campaign_id,
        outcome=new.outcome,
        detail=new.detail,
        time=newest.time,
        count=same.count + new.count,
        event_id=newest.event_id,
        subject=newest.subject,
    )
    return (*(one for one in heard if one is not same), counted)


def with_past_entry(entries: tuple[PastEntry, ...], new: PastEntry) -> tuple[PastEntry, ...]:
    """Add one, oldest first; the same one is replaced.

    Where there is no room, the oldest goes of those whose campaign has a newer one, else the oldest of all.
    """
    others = [entry for entry in entries if (entry.campaign_id, entry.key) != (new.campaign_id, new.key)]
    kept = sorted((*others, new), key=lambda entry: (entry.time, entry.campaign_id, entry.key))
    while len(kept) > MAX_PAST_ENTRIES:
        newest = {entry.campaign_id: index for index, entry in enumerate(kept)}
        spare = next((index for index, entry in enumerate(kept) if newest[entry.campaign_id] != index), 0)
        del kept[spare]
    return tuple(kept)


def _alike(one: Heard, other: Heard) -> bool:
    return (one.kind, one.campaign_id, one.outcome, one.detail) == (
        other.kind,
        other.campaign_id,
        other.outcome,
        other.detail,
    )


LONGEST_KEPT = timedelta(days=90)
