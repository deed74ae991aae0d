"""What one read found, for watchers. Values only."""

from dataclasses import dataclass, replace
from datetime import datetime

from omnithread.context.v1.context_pb2 import SECTION_PROFILE
from services.aggregator.context import AREAS, ContextRead
from services.aggregator.watching.seen import Seen


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
        return self.read.is_complete

    def since(self, earlier: "News | None") -> "News":
        """Take the place of news that was not read; the time counts from the first change that nobody was told."""
        if earlier is None or earlier.changed_at is None:
            return self
        if self.changed_at is not None and self.changed_at < earlier.changed_at:
            return self
        return replace(self, changed_at=earlier.changed_at, traceparent=earlier.traceparent)
