"""What a message is judged by: what the other services said a moment ago, in our words. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from libs.mongo.shared_clock import Doubt
from libs.purposes import DEFAULT_PURPOSES, Purpose, PurposeTable
from services.messaging.deciding.quiet_hours import QuietHours
from services.messaging.deciding.time_zones import CustomerZone
from services.messaging.values import DeliveryKind, Sending


@dataclass(frozen=True, slots=True)
class Consent:
    """Where the customer stands on one purpose and way."""

    purpose: str
    kind: DeliveryKind
    contact_point: str
    """The only address that it is for; empty where it is for any."""
    is_granted: bool
    update_time: datetime
    is_pending: bool = False
    """Whether a yes was said that its holder has not confirmed: that is no yes, and no no either."""
    channel_id: str = ""
    """Where it was said."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Keeps messages back until a time."""

    purpose: str
    """Empty means every purpose but transactional ones."""
    until_time: datetime


@dataclass(frozen=True, slots=True)
class Cap:
    """How many messages at most the customer wants."""

    purpose: str
    """Empty means all purposes together."""
    max_messages: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the customer wants to be spoken to, as preference says."""

    language: str = ""
    time_zone: str = ""
    preferred_kinds: tuple[DeliveryKind, ...] = ()
    quiet_hours: QuietHours | None = None
    pauses: tuple[Pause, ...] = ()
    caps: tuple[Cap, ...] = ()
    consents: tuple[Consent, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class CartNow:
    """What the customer's cart is now, as cart says."""

    cart_id: str
    is_empty: bool
    update_time: datetime | None
    ordered_cart_ids: frozenset[str]
    """The carts that became the newest orders."""
    idle_due_time: datetime | None = None
    """When it will count as abandoned; None where it does already, or is empty."""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Bought:
    """One of the customer's newest orders, as cart says; cancelled ones are none."""

    skus: frozenset[str]
    place_time: datetime


@dataclass(frozen=True, slots=True)
class Suppressed:
    """That nothing is to be sent to an address any more."""

    why: str
    since: datetime
    everything: bool
    """Whether that holds for what is transactional, too: the address does not exist."""


@dataclass(frozen=True, slots=True)
class PreferredTime:
    """When this customer usually reacts."""

    minute: int
    """After midnight, by the customer's clock."""
    learned_from: int = 0
    """How many reactions say so."""


NOTHING_SUPPRESSED: Mapping[DeliveryKind, Suppressed] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a message is judged by."""

    now: datetime
    purpose: Purpose
    wishes: Wishes
    contact_points: Mapping[DeliveryKind, str]
    """Where the customer can be reached; in the inbox, everybody can."""
    provided_kinds: tuple[DeliveryKind, ...]
    """The ways that this installation has, in the order taken where the customer has said nothing."""
    form_kinds: frozenset[DeliveryKind]
    """The ways for which the template has a form in a language that serves."""
    sent: tuple[Sending, ...]
    """What went out before."""
    zone: CustomerZone
    """By which clock the customer lives."""
    purposes: PurposeTable = field(default_factory=lambda: DEFAULT_PURPOSES)
    """The company's rules."""
    cart: CartNow | None = None
    """Needed for messages about a cart only."""
    bought: tuple[Bought, ...] = ()
    """Needed for messages about an article only."""
    suppressed: Mapping[DeliveryKind, Suppressed] = field(default_factory=lambda: NOTHING_SUPPRESSED)
    """Of the customer's addresses, those to which nothing is to be sent."""
    doubt: Doubt = Doubt()  # noqa: RUF009  it is frozen
    """How far off `now` may be."""
    lead: timedelta = timedelta()
    """How long a message may be under way before its provider has it: quiet hours are kept from so much earlier."""
    preferred_time: PreferredTime | None = None
    """None while too little is known."""

    @property
    def local_now(self) -> datetime:
        """Give the time by the customer's clock."""
        return self.now.astimezone(self.zone.zone)
