"""What a customer said about how to be spoken to: frozen values."""

from dataclasses import dataclass
from datetime import datetime

from libs.channel import Channel
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.preference.v1.preference_pb2 import (
    CONFIRMATION_WAY_CODE,
    CONFIRMATION_WAY_EARLIER,
    CONFIRMATION_WAY_LINK,
    CONFIRMATION_WAY_PREFERENCE_CENTRE,
    CONSENT_STATE_GRANTED,
    CONSENT_STATE_PENDING,
    CONSENT_STATE_REVOKED,
)
from services.preference.chain.values import NO_HEAD, ChainHead, ChainLink

GRANTED = CONSENT_STATE_GRANTED
REVOKED = CONSENT_STATE_REVOKED
PENDING = CONSENT_STATE_PENDING
BY_LINK = CONFIRMATION_WAY_LINK
BY_CODE = CONFIRMATION_WAY_CODE
IN_CENTRE = CONFIRMATION_WAY_PREFERENCE_CENTRE
EARLIER = CONFIRMATION_WAY_EARLIER


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Minutes after midnight in the customer's time zone; an end not above the start is on the next day."""

    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class Pause:
    """No messages of a purpose until a time; an empty purpose means all but transactional ones."""

    purpose: str
    until_time: datetime


@dataclass(frozen=True, slots=True)
class FrequencyCap:
    """At most so many messages of a purpose in so many days; an empty purpose means all together."""

    purpose: str
    max_messages: int
    period_days: int

    @property
    def strictness(self) -> tuple[float, int]:
        """Orders caps, the strictest first."""
        return (self.max_messages / self.period_days, self.max_messages)


@dataclass(frozen=True, slots=True)
class ConsentKey:
    """What a consent is about; an empty contact point means every address."""

    purpose: str
    delivery_kind: DeliveryKind.ValueType
    contact_point: str

    def covers(self, other: "ConsentKey") -> bool:
        """Whether a no here is a no there."""
        same = (self.purpose, self.delivery_kind) == (other.purpose, other.delivery_kind)
        return same and self.contact_point in ("", other.contact_point)


@dataclass(frozen=True, slots=True)
class No:
    """A no that a later yes took back. Where a merge is undone the yes may be another one's, and the no still holds."""

    update_time: datetime
    channel: Channel
    record_id: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Consent:
    """Where the customer stands."""

    key: ConsentKey
    state: int
    """GRANTED, REVOKED, or PENDING: a yes that is none until it is confirmed."""
    update_time: datetime
    channel: Channel
    record_id: str
    session_id: str = ""
    """The visit in which it was said."""
    overruled: No | None = None
    """Of a yes: the newest no before it."""
    confirmation_id: str = ""
    """Of a yes that waits, or has waited: by which it is confirmed. The same for all that were said while it waited."""
    confirmation: int = 0
    """Of a yes: how it was confirmed, a value of `ConfirmationWay`."""

    @property
    def newest_no(self) -> No | None:
        """The newest no that was said about this, whatever stands now."""
        if self.state == REVOKED:
            return No(self.update_time, self.channel, self.record_id, self.session_id)
        return self.overruled

    def as_no(self, no: No) -> "Consent":
        """Give what stands where only this no was said."""
        return Consent(self.key, REVOKED, no.update_time, no.channel, no.record_id, no.session_id)


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """The proof of one yes or no; never changed."""

    record_id: str
    key: ConsentKey
    state: int
    wording: str
    wording_version: str
    source: str
    channel: Channel
    actor_id: str
    occur_time: datetime
    traceparent: str
    session_id: str = ""
    confirms_record_id: str = ""
    """The pending yes that this one confirms."""
    confirmation: int = 0
    """How it was confirmed, a value of `ConfirmationWay`."""
    link: ChainLink | None = None
    """Its place in the chain; None for one from before there were chains."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """The state in the customer's record. Empty values mean that nothing was said."""

    language: str = ""
    time_zone: str = ""
    preferred_channels: tuple[DeliveryKind.ValueType, ...] = ()
    quiet_hours: QuietHours | None = None
    pauses: tuple[Pause, ...] = ()
    frequency_caps: tuple[FrequencyCap, ...] = ()
    interests: tuple[str, ...] = ()
    consents: tuple[Consent, ...] = ()
    """Sorted by key."""
    said_in: tuple[tuple[str, str], ...] = ()
    """In which visit each field was set last, sorted by field; an undone merge gives a change to whose visit it was."""
    merge_time: datetime | None = None
    """When the newest merge was decided: a yes from before it that comes late takes back no no from before it."""
    update_time: datetime | None = None
    chain: ChainHead = NO_HEAD
    """Where the chain of proofs ends."""


def sorted_consents(consents: "list[Consent]") -> tuple[Consent, ...]:
    """Put consents in their order."""
    return tuple(sorted(consents, key=lambda c: (c.key.purpose, c.key.delivery_kind, c.key.contact_point)))
