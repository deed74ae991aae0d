"""What a customer's journeys are made of, as the record holds them: frozen values and their limits."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

GAP = timedelta(days=30)
"""So long may the customer be silent within one journey."""
MAX_JOURNEYS = 10
"""So many journeys a record holds; older ones have their own documents, and no longer change."""
MAX_LOOSE_TIMES = 100
"""So many touchpoints of the company's may await their journey; the oldest of more stay where they are counted."""
MAX_TICKS = 100
"""So many touchpoints, the newest, are known one by one: an end that is told after so many later ones is left out."""
MAX_ENDS = 60
"""So many ends of orders are kept; of more, the oldest that end no journey are forgotten."""
MAX_JOINED_IDS = 50
MAX_CHANNEL_IDS = 50
ID_CHARACTERS = 26
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Tick:
    """One touchpoint, as far as the timeline needs it."""

    time: datetime
    channel_id: str
    """Empty for what the company did."""


@dataclass(frozen=True, slots=True)
class End:
    """An order was picked up, delivered or cancelled: it ends the journey in which it was placed."""

    time: datetime
    placed_time: datetime


@dataclass(frozen=True, slots=True)
class Journey:
    """A piece of a journey: a run of a customer's acts, none more than 30 days after the one before, no end within."""

    journey_id: str
    first_act_time: datetime | None = None
    """None before the customer did anything: then it is the only journey."""
    last_act_time: datetime | None = None
    settled_count: int = 0
    """The touchpoints from the first act to 30 days after the last, or to the next end: no news of an act can give them
    to another journey."""
    channel_ids: tuple[str, ...] = ()
    """Where the customer acted, sorted."""
    joined_ids: tuple[str, ...] = ()
    """The ids of journeys that turned out to be this one, sorted. They keep leading here."""

    def is_named(self, journey_id: str) -> bool:
        """Tell whether the id is, or once was, this journey's."""
        return journey_id == self.journey_id or journey_id in self.joined_ids


@dataclass(frozen=True, slots=True)
class Timeline:
    """A customer's journeys, as far as the record holds them."""

    journeys: tuple[Journey, ...] = ()
    """Oldest first, more than 30 days or an end apart."""
    loose_times: tuple[datetime, ...] = ()
    """When the company did something outside of the journeys' acts, sorted: news of an act may give it to another."""
    first_time: datetime | None = None
    """Of the first touchpoint of all."""
    looked_time: datetime | None = None
    """When a sweep last found the newest journey over."""
    retired_id: str = ""
    """The newest journey that has left the record."""
    retired_until_time: datetime | None = None
    """Acts up to here belong to the journeys that have left."""
    ticks: tuple[Tick, ...] = ()
    """The newest touchpoints, sorted by time."""
    ends: tuple[End, ...] = ()
    """Sorted by time."""


@dataclass(frozen=True, slots=True)
class Span:
    """A journey as it looks from outside. It has all touchpoints from `start_time` to before `until_time`."""

    journey_id: str
    joined_ids: tuple[str, ...]
    previous_journey_id: str
    start_time: datetime
    last_act_time: datetime | None
    end_time: datetime | None
    """When its order was done, or 30 days after the last act, once that is known to be over; None while it goes on."""
    until_time: datetime | None
    """When the next one began."""
    touchpoint_count: int
    channel_ids: tuple[str, ...]

    def is_named(self, journey_id: str) -> bool:
        """Tell whether the id is, or once was, this journey's."""
        return journey_id == self.journey_id or journey_id in self.joined_ids


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Give the earlier of two times, either of which may be unknown."""
    return min((t for t in (one, other) if t is not None), default=None)
