"""What has happened to a journey, in the model's own words; `convert.py` has the words that the others hear."""

from dataclasses import dataclass
from datetime import datetime

from services.aggregator.journey_values import Reached, Span
from services.aggregator.price_changes import PriceChange
from services.aggregator.values import Touchpoint


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """A session began; its touchpoint travels with the event."""

    session_id: str
    journey_id: str
    touchpoint: Touchpoint


@dataclass(frozen=True, slots=True)
class JourneyStarted:
    """A journey began. Those that left the record for it travel with the event."""

    occur_time: datetime
    journey_id: str
    previous_journey_id: str
    retired: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class JourneyEnded:
    """A journey ended, or turned out to be a part of another, or to have ended otherwise."""

    occur_time: datetime
    journey_id: str
    why_ended: str = ""
    """As in `Span`; empty where it turned out to be a part of another."""
    goals: tuple[Reached, ...] = ()


@dataclass(frozen=True, slots=True)
class TouchpointRecorded:
    """Something happened; the touchpoint travels with the event."""

    journey_id: str
    touchpoint: Touchpoint


@dataclass(frozen=True, slots=True)
class JourneyAbsorbed:
    """The journeys of a merged customer were taken over. Those that left the record for it travel with the event."""

    occur_time: datetime
    merge_id: str
    source_customer_id: str
    retired: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class JourneySealed:
    """The customer was merged into another one; nothing follows."""

    occur_time: datetime
    merge_id: str
    survivor_customer_id: str


@dataclass(frozen=True, slots=True)
class JourneyParted:
    """A merge into this customer was undone: a merged customer's journeys are theirs again."""

    occur_time: datetime
    merge_id: str
    source_customer_id: str


@dataclass(frozen=True, slots=True)
class JourneyReleased:
    """The customer had been merged into another one, and is there again."""

    occur_time: datetime
    merge_id: str
    survivor_customer_id: str


@dataclass(frozen=True, slots=True)
class JourneyErased:
    """The customer was forgotten; nothing follows."""

    occur_time: datetime
    erasure_id: str


@dataclass(frozen=True, slots=True)
class PriceFell:
    """The price of something that the customer looked at fell."""

    occur_time: datetime
    change: PriceChange


Event = (
    SessionStarted
    | JourneyStarted
    | JourneyEnded
    | TouchpointRecorded
    | JourneyAbsorbed
    | JourneySealed
    | JourneyParted
    | JourneyReleased
    | JourneyErased
    | PriceFell
)
