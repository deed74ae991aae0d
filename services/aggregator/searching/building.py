"""Makes the cards of customers anew whose records have changed: all that they have now, and none that they had.

Nothing is added to a card that is there: it follows from the record and its touchpoints, so doing it twice, late or at
two replicas gives the same. What has not changed is not read.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.members import page
from libs.mongo.record import Records
from libs.mongo.values import Saved
from services.aggregator.events import Event
from services.aggregator.journey_spans import spans
from services.aggregator.journey_values import Span
from services.aggregator.searching.card_store import CardStore, KnownCard
from services.aggregator.searching.cards import Card
from services.aggregator.searching.following import Following
from services.aggregator.store import CARDS_STATE, JOURNEYS, span_from_document
from services.aggregator.values import Thread

CHANGED = 0
"""What every write leaves in a record: its cards are to be made anew."""
ONCE_MORE = -1
"""They were made just after a change: they are looked at again, for what another replica, that had read the record
before the change or between two steps of a merge's undoing, may have put in their place in the same moment."""
MADE = 1
"""They are as the record is. A new kind of card gets a higher number, and all are made again."""
LOOK_AGAIN_AFTER = timedelta(seconds=60)
MOST_OLD = 100
"""So many journeys that have left a record are looked at."""
AT_ONCE = 8


@dataclass(slots=True)
class Work:
    """What is to be done for one customer."""

    saved: Saved[Thread]
    generation: str
    todo: list[Span] = field(default_factory=list)
    gone: list[KnownCard] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Building:
    """Makes cards."""

    records: Records[Thread, Event]
    database: Database
    store: CardStore
    clock: Clock

    async def build(self, customer_ids: Sequence[str]) -> None:
        """Make the cards of at most 1000 customers. Some queries for all of them, and one for each who has changed."""
        now = self.clock()
        found = await self._records_of(customer_ids)
        known = await self.store.known({one for saved in found for one in saved.lineage})
        work = [await self._work(saved, known, now) for saved in found]
        wanted = {span.journey_id for one in work for span in one.todo}
        known |= await self.store.named(wanted - known.keys())
        whole = await self.store.whole(wanted & known.keys())
        slots = asyncio.Semaphore(AT_ONCE)

        async def follow(one: Work) -> list[Card]:
            async with slots:
                return await Following(self.database, one.saved, one.generation, now).cards(one.todo, whole)

        made = await asyncio.gather(*(follow(one) for one in work if one.todo))
        cards = [card for some in made for card in some]
        await self.store.put(cards, known=known, gone=[card for one in work for card in one.gone])
        await self.records.mark((one.saved, {CARDS_STATE: _state_after(one, now)}) for one in work)

    async def _records_of(self, customer_ids: Sequence[str]) -> list[Saved[Thread]]:
        """Give the records of those who remain, each once, and the tombstones among them."""
        living = await self.records.get_many(customer_ids)
        forgotten = [await self.records.get_exact(one) for one in customer_ids if one not in living]
        each = {saved.customer_id: saved for saved in (*living.values(), *forgotten)}
        return [saved for saved in each.values() if saved.exists]

    async def _work(self, saved: Saved[Thread], known: dict[str, KnownCard], now: datetime) -> Work:
        present, is_all = await self._spans(saved)
        mine = {key: card for key, card in known.items() if card.card.customer_id in saved.lineage}
        work = Work(saved, _generation(saved))
        again = not _is_fresh(saved, now)
        work.todo = [
            span for span in present.values() if not _is_made(known.get(span.journey_id), saved, span, again=again)
        ]
        oldest = min((span.start_time for span in present.values()), default=None)
        work.gone = [
            one
            for key, one in mine.items()
            if key not in present and (is_all or oldest is None or one.card.start_time >= oldest)
        ]
        return work

    async def _spans(self, saved: Saved[Thread]) -> tuple[dict[str, Span], bool]:
        """Give the customer's journeys by id, and whether these are all; one more query where some left the record."""
        timeline = saved.state.timeline
        kept = {span.journey_id: span for span in spans(timeline)}
        if not timeline.retired_id:
            return kept, True
        documents, more = await page(self.database, JOURNEYS, saved, limit=MOST_OLD)
        old = (span_from_document(document) for document in documents)
        return {span.journey_id: span for span in old} | kept, more is None


def _is_made(known: KnownCard | None, saved: Saved[Thread], span: Span, *, again: bool) -> bool:
    if known is None or known.gone or known.untold:
        return False
    card = known.card
    if again and card.uncounted < 0:  # more was read than the record counts: of a change that was not done yet
        return False
    return card.span == span and card.customer_id == saved.customer_id and card.generation == _generation(saved)


def _is_fresh(saved: Saved[Thread], now: datetime) -> bool:
    return now - saved.update_time < LOOK_AGAIN_AFTER


def _state_after(work: Work, now: datetime) -> int:
    return ONCE_MORE if _is_fresh(work.saved, now) else MADE


def _generation(saved: Saved[Thread]) -> str:
    """Give a short name for who the customer is: it changes with every merge into them, and every undoing."""
    return hashlib.sha256("/".join(_who(saved)).encode()).hexdigest()[:12]


def _who(saved: Saved[Thread]) -> Iterable[str]:
    return (*saved.lineage, "", *saved.released)
