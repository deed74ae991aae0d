"""Follows the touchpoints of one journey, from where its card had come to, and no further back than needed."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.mongo.connection import Database
from libs.mongo.members import page, position_at
from libs.mongo.values import Saved
from services.aggregator.journey_values import Span
from services.aggregator.searching.cards import Card
from services.aggregator.searching.trails import Trail
from services.aggregator.store import TOUCHPOINTS, touchpoint_from_document
from services.aggregator.values import Thread, Touchpoint

READ_AT_ONCE = 1000
STILL_MOVING = timedelta(minutes=10)
"""News from the services comes in some seconds out of order: what is older is settled."""
MOST_MOVING = 500
"""So many of the newest touchpoints may still move, whatever their age."""


@dataclass(frozen=True, slots=True)
class Following:
    """Reads touchpoints and follows them."""

    database: Database

    async def card(
        self, saved: Saved[Thread], span: Span, known: Card | None, *, generation: str, now: datetime
    ) -> Card:
        """Give the card of a journey. Reads what came since the known one; all of it where something came in before.

        That is seen by the count: the record knows how many touchpoints a journey has.
        """
        if known is not None and known.settled.count and _goes_on_from(known, saved, span, generation):
            trail, settled = await self._walk(saved, span, known.settled, now)
            if trail.count + known.uncounted == span.touchpoint_count:
                return Card(saved.customer_id, span, trail, settled, generation, known.uncounted)
        trail, settled = await self._walk(saved, span, Trail(), now)
        return Card(saved.customer_id, span, trail, settled, generation, span.touchpoint_count - trail.count)

    async def _walk(self, saved: Saved[Thread], span: Span, begin: Trail, now: datetime) -> tuple[Trail, Trail]:
        """Give the trail to the journey's end, and to where nothing moves any more."""
        settled = begin.followed(())
        moving: deque[Touchpoint] = deque()
        position = position_at(span.start_time)
        if begin.last_time is not None:
            position = position_at(begin.last_time, begin.last_id)
        while True:
            documents, following = await page(
                self.database, TOUCHPOINTS, saved, newest_first=False, position=position, limit=READ_AT_ONCE
            )
            found = [touchpoint_from_document(document) for document in documents]
            within = [one for one in found if span.until_time is None or one.occur_time < span.until_time]
            moving.extend(within)
            while moving and (moving[0].occur_time < now - STILL_MOVING or len(moving) > MOST_MOVING):
                settled.follow(moving.popleft())
            if following is None or len(within) < len(found):
                return settled.followed(moving), settled
            position = following


def _goes_on_from(known: Card, saved: Saved[Thread], span: Span, generation: str) -> bool:
    same_customer = known.customer_id == saved.customer_id and known.generation == generation
    return same_customer and known.start_time == span.start_time and _reaches(span, known.settled)


def _reaches(span: Span, settled: Trail) -> bool:
    """Say whether all that was settled is still the journey's: an end that was told late parts it."""
    return span.until_time is None or settled.last_time is None or settled.last_time < span.until_time
