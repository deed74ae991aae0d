"""What a customer's journey is made of: the state in the customer's record, and what happened."""

from dataclasses import dataclass, field
from datetime import datetime

from libs.channel import Channel
from services.aggregator.journey_values import Timeline


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """One thing that happened between customer and company. Its journey follows from `occur_time`."""

    touchpoint_id: str
    kind: int
    """A value of `TouchpointKind`."""
    channel_id: str
    channel_kind: int
    """A value of `ChannelKind`."""
    occur_time: datetime
    by_customer: bool
    """Whether it prolongs the journey."""
    area: str
    """The service whose event it comes from, or `context`."""
    session_id: str = ""
    """Only a session of this customer on this channel."""
    summary: str = ""
    subject: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    """Names and values, sorted by name."""
    traceparent: str = ""
    of_customer_id: str = ""
    """In whose name another service announced it; empty for what is the aggregator's own."""
    merges: int = 0
    """How many merges the record had taken up when it was noted: an undoing knows by it what came since."""
    order_placed_time: datetime | None = None
    """Of what tells of an order: when that was placed, as far as it is known."""
    goal_ids: tuple[str, ...] = ()
    """The goals that it reached by the rules of the time at which it was noted, sorted."""
    ends: str = ""
    """Where it ends the journey that has the time of its order: why, as in `End`; else empty."""
    skus: tuple[str, ...] = ()
    """What an advertisement showed, in its order."""
    offer_codes: tuple[str, ...] = ()
    """What it promised."""


@dataclass(frozen=True, slots=True)
class Session:
    """One visit on one channel."""

    session_id: str
    channel_id: str
    start_time: datetime


@dataclass(frozen=True, slots=True)
class Entrance:
    """A visit that began with what identifies a customer who was absorbed: an undoing gives it back to them."""

    session_id: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Heard:
    """How far the events of one customer (this one, or one absorbed) in one area have been taken into the journey.

    Those of an absorbed customer are kept, and begin at 0, until the last of them has come.
    """

    area: str
    customer_id: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class View:
    """A product that the customer looked at, on whatever device."""

    sku: str
    count: int
    first_time: datetime
    last_time: datetime
    last_channel: Channel


@dataclass(frozen=True, slots=True)
class CameFor:
    """What an advertisement showed by which the customer came."""

    campaign_id: str
    skus: tuple[str, ...]
    offer_codes: tuple[str, ...]
    channel: Channel
    occur_time: datetime


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a customer stands: the state in the customer's record."""

    timeline: Timeline = field(default_factory=Timeline)
    sessions: tuple[Session, ...] = ()
    """In the order in which they became known; the newest 50."""
    recent_touchpoints: tuple[Touchpoint, ...] = ()
    """Newest first, of all journeys together; the newest 20, fewer where they are large."""
    heard: tuple[Heard, ...] = ()
    """So that an event that comes twice counts once."""
    entrances: tuple[Entrance, ...] = ()
    """The visits of absorbed customers, in the order in which they began; the newest 500."""
    merges: int = 0
    """How many merges this record has taken up. Never turns back, also where one is undone."""
    views: tuple[View, ...] = ()
    """The 30 products looked at last, newest first."""
    came_for: CameFor | None = None
    """By the newest advertisement of all; it counts while that is one of the present journey."""

    trouble_times: tuple[datetime, ...] = ()
    """When something last failed on the way that became a touchpoint, sorted; the newest ten."""

    def awaited_areas(self, customer_id: str) -> dict[str, frozenset[str]]:
        """Give the customers absorbed into this one of whom something may still come, with the areas it comes from."""
        found: dict[str, frozenset[str]] = {}
        for heard in self.heard:
            if heard.customer_id != customer_id:
                found[heard.customer_id] = found.get(heard.customer_id, frozenset()) | {heard.area}
        return found

    def session_of(self, session_id: str, channel_id: str) -> Session | None:
        """Give the session if this customer has it on this channel."""
        for session in self.sessions:
            if session.session_id == session_id and session.channel_id == channel_id:
                return session
        return None
