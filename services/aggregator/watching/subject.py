"""What watchers have in common who share the reads, and what one read found. Values only."""

from dataclasses import dataclass, replace
from datetime import datetime

from libs.rpc.call import Caller
from omnithread.context.v1.context_pb2 import SECTION_CART, SECTION_JOURNEY, SECTION_OFFERS, SECTION_PROFILE
from services.aggregator.context import ALL_SECTIONS, AREAS, ContextRead
from services.aggregator.watching.seen import Seen


@dataclass(frozen=True, slots=True)
class Subject:
    """A customer, some sections, and a channel: whoever watches the same is told the same."""

    customer_id: str
    """As the watchers name the customer; one who was merged away goes on under the survivor's id."""
    wanted: frozenset[int]
    caller: Caller
    """The channel, without the member of staff who looks: what is told does not depend on them."""

    @classmethod
    def of(cls, customer_id: str, wanted: frozenset[int], caller: Caller) -> "Subject":
        """Name what a caller wants to watch."""
        return cls(customer_id, wanted, replace(caller, actor_id=""))

    @property
    def follows_facts(self) -> bool:
        """Whether what is told follows from profile and journey by way of cart, which is told of them by events."""
        return bool(self.wanted & {SECTION_CART, SECTION_OFFERS})

    def concerns(self, area: str) -> bool:
        """Say whether an event of an area can change what is told; profile says who the customer is."""
        return area in _areas_behind(self.wanted)


@dataclass(frozen=True, slots=True)
class News:
    """What one read found."""

    read: ContextRead
    seen: Seen
    changed_at: datetime | None = None
    """When the first of the changes was committed for which it was read; None where nothing was heard of any."""
    traceparent: str = ""
    """Of that change."""

    @property
    def is_sure_who(self) -> bool:
        """Whether profile itself said who the customer is today."""
        return AREAS[SECTION_PROFILE] in self.read.heads

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing that may be there in a moment."""
        return not self.read.problems

    def since(self, earlier: "News | None") -> "News":
        """Take the place of news that was not read; the time counts from the first change that nobody was told."""
        if earlier is None or earlier.changed_at is None:
            return self
        if self.changed_at is not None and self.changed_at < earlier.changed_at:
            return self
        return replace(self, changed_at=earlier.changed_at, traceparent=earlier.traceparent)


def _areas_behind(wanted: frozenset[int]) -> frozenset[str]:
    sections = ALL_SECTIONS if SECTION_JOURNEY in wanted else wanted | {SECTION_PROFILE}
    return frozenset(AREAS[section] for section in sections)
