"""Follows the touchpoints of a customer's journeys, from where their cards had come to, and no further back."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.mongo.connection import Database
from libs.mongo.values import Saved
from services.aggregator.journey_values import Span
from services.aggregator.searching.cards import Card
from services.aggregator.searching.past import Past
from services.aggregator.searching.trails import Trail
from services.aggregator.values import Thread, Touchpoint

STILL_MOVING = timedelta(minutes=10)
"""News from the services comes in some seconds out of order: what is older is settled."""
MOST_MOVING = 500
"""So many of the newest touchpoints may still move, whatever their age."""


@dataclass(frozen=True, slots=True)
class Following:
    """Follows the journeys of one customer."""

    database: Database
    saved: Saved[Thread]
    generation: str
    now: datetime

    async def cards(self, journeys: Sequence[Span], known: Mapping[str, Card]) -> list[Card]:
        """Give the cards of these journeys. Reads what came since the known ones, and each touchpoint once.

        Where something came in before that, the whole journey is read again. It is seen by the count: the record knows
        how many touchpoints a journey has.
        """
        past = Past(self.database, self.saved)
        cards = []
        for span in sorted(journeys, key=lambda one: one.start_time):
            card = known.get(span.journey_id)
            if card is None or not card.settled.count or not self._goes_on(card, span):
                cards.append(await self._whole(span, past))
                continue
            trail, settled = await self._walk(span, card.settled, past)
            if trail.count + card.uncounted == span.touchpoint_count:
                cards.append(self._card(span, trail, settled, card.uncounted))
            else:
                cards.append(await self._whole(span, Past(self.database, self.saved)))
        return cards

    async def _whole(self, span: Span, past: Past) -> Card:
        trail, settled = await self._walk(span, Trail(), past)
        return self._card(span, trail, settled, span.touchpoint_count - trail.count)

    async def _walk(self, span: Span, begin: Trail, past: Past) -> tuple[Trail, Trail]:
        """Give the trail to the journey's end, and to where nothing moves any more."""
        settled = begin.followed(())
        moving: deque[Touchpoint] = deque()
        if begin.last_time is None:
            past.go_to(span.start_time)
        else:
            past.go_to(begin.last_time, begin.last_id)
        async for touchpoint in past.until(span.until_time):
            moving.append(touchpoint)
            if moving[0].occur_time < self.now - STILL_MOVING or len(moving) > MOST_MOVING:
                settled.follow(moving.popleft())
        while moving and moving[0].occur_time < self.now - STILL_MOVING:
            settled.follow(moving.popleft())
        return settled.followed(moving), settled

    def _card(self, span: Span, trail: Trail, settled: Trail, uncounted: int) -> Card:
        return Card(self.saved.customer_id, span, trail, settled, self.generation, self.saved.version, uncounted)

    def _goes_on(self, card: Card, span: Span) -> bool:
        """Say whether all that was settled is still the journey's: a late end, a merge or an undoing parts it."""
        same_customer = card.customer_id == self.saved.customer_id and card.generation == self.generation
        reached = card.settled.last_time
        within = span.until_time is None or reached is None or reached < span.until_time
        return same_customer and card.start_time == span.start_time and within
