"""Remembers up to where a journey was found to have heard, so that the next read need not look that up again.

The newest event of an area may mean nothing for the journey: then its record does not tell that it was heard, and only
the consumer's cursor does. What a journey has heard at one version it has heard at every later one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.lately_used import LatelyUsed
from omnithread.common.v1.event_pb2 import Head
from services.aggregator.context import SectionRead
from services.aggregator.heads import reaches

MOST_CUSTOMERS = 10_000


@dataclass(frozen=True, slots=True)
class _Found:
    epoch: str
    version: int
    heads: Mapping[str, Head]


class CaughtUp:
    """What one replica found; bounded, and let go of when nobody asks."""

    def __init__(self, *, most_customers: int = MOST_CUSTOMERS) -> None:
        self._found: LatelyUsed[str, _Found] = LatelyUsed(most=most_customers)

    def note(self, customer_id: str, journey: SectionRead, heads: Mapping[str, Head]) -> None:
        """Note that the customer's own journey has heard all of their events up to these heads, by area."""
        if journey.customer_id == customer_id:
            self._found.keep(customer_id, _Found(journey.head.epoch, journey.version, dict(heads)))

    def not_known(self, customer_id: str, journey: SectionRead, heads: Mapping[str, Head]) -> dict[str, Head]:
        """Give the heads of a customer up to which this journey is not known to have heard.

        All of them after a restore, and where the journey is somebody else's.
        """
        found = self._found.find(customer_id) if journey.customer_id == customer_id else None
        if found is None or found.epoch != journey.head.epoch or found.version > journey.version:
            return dict(heads)
        return {area: head for area, head in heads.items() if not reaches(found.heads.get(area), head)}
