"""What a customer's journeys are made of, as the record holds them: frozen values and their limits."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

GAP = timedelta(days=30)
"""So long may the customer be silent within one journey, where the record does not say otherwise."""
AT_ONCE = timedelta(0)
REACHED = "reached"
CANCELLED = "cancelled"
SILENT = "silent"
UNKNOWN = "unknown"
"""Why a journey ended: a goal was reached that ends it, its order was cancelled, or nobody did anything; UNKNOWN in
what an older version noted."""
MAX_JOURNEYS = 10
"""So many journeys a record holds; older ones have their own documents, and no longer change."""
MAX_LOOSE_TIMES = 100
"""So many touchpoints of the company's may await their journey; the oldest of more stay where they are counted."""
MAX_TICKS = 100
"""So many touchpoints, the newest, are known one by one: an end that is told after so many later ones is left out."""
MAX_ENDS = 60
"""So many ends of orders are kept; of more, the oldest that end no journey are forgotten."""
MAX_GOALS = 200
"""So many goals that were reached are kept; of more, the oldest that no journey shows are forgotten."""
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
    """An order was done, or a goal was reached that ends a journey: the one that has the `placed_time`."""

    time: datetime
    placed_time: datetime
    reentry: timedelta = AT_ONCE
    """So long after it, acts still belong to the ended journey, as configured when it was noted."""
    why: str = UNKNOWN

    @property
    def parts_time(self) -> datetime:
        """Acts up to here belong to the ended journey, later ones do not."""
        return self.time + self.reentry


@dataclass(frozen=True, slots=True)
class Reached:
    """A touchpoint reached a goal."""

    time: datetime
    touchpoint_id: str
    goal_id: str
    of_time: datetime
    """It counts for the journey that has this time: when its order was placed, else its own."""


@dataclass(frozen=True, slots=True)
class Journey:
    """A piece of a journey: a run of a customer's acts without a long silence, no end within."""

    journey_id: str
    first_act_time: datetime | None = None
    """None before the customer did anything: then it is the only journey."""
    last_act_time: datetime | None = None
    settled_count: int = 0
    """The touchpoints from the first act to `gap` after the last, or to the next end: no news of an act can give them
    to another journey."""
    channel_ids: tuple[str, ...] = ()
    """Where the customer acted, sorted."""
    joined_ids: tuple[str, ...] = ()
    """The ids of journeys that turned out to be this one, sorted. They keep leading here."""
    gap_days: int = GAP.days
    """After so many days of silence it is over, as configured when its last act was noted."""

    @property
    def gap(self) -> timedelta:
        """So long may the customer be silent after the last act."""
        return timedelta(days=self.gap_days)

    def is_named(self, journey_id: str) -> bool:
        """Tell whether the id is, or once was, this journey's."""
        return journey_id == self.journey_id or journey_id in self.joined_ids


@dataclass(frozen=True, slots=True)
class Timeline:
    """A customer's journeys, as far as the record holds them."""

    journeys: tuple[Journey, ...] = ()
    """Oldest first, a long silence or an end apart."""
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
    """Sorted by the time at which they part."""
    goals: tuple[Reached, ...] = ()
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
    """When its order was done, or when its last silence was too long, once that is known; None while it goes on."""
    until_time: datetime | None
    """When the next one began."""
    touchpoint_count: int
    channel_ids: tuple[str, ...]
    why_ended: str = ""
    """Empty while it goes on. REACHED after a silence too, where a goal was reached before it."""
    goals: tuple[Reached, ...] = ()
    """The first of each goal, by time; at most 20."""

    def is_named(self, journey_id: str) -> bool:
        """Tell whether the id is, or once was, this journey's."""
        return journey_id == self.journey_id or journey_id in self.joined_ids


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """Give the earlier of two times, either of which may be unknown."""
    return min((t for t in (one, other) if t is not None), default=None)
