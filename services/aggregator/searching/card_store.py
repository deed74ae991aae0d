"""Remembers cards, and tells the days on which their journeys begin that there is something to count anew.

A card says that its day does not know of it yet, and where it was counted before: so a crash between two writes leaves
no day behind.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from libs.mongo.bulk import Put, Update, write
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from services.aggregator.searching.card_fields import CARDS, ONLY_SPANS, card_from_document, card_to_document
from services.aggregator.searching.cards import Card
from services.aggregator.searching.day_marks import DayMarks

CARD_INDEXES = (
    Index(CARDS, (("customer_id", 1), ("start_time", 1))),
    Index(CARDS, (("start_time", 1),)),
    Index(CARDS, (("marks", 1), ("start_time", -1), ("_id", -1))),
    Index(CARDS, (("marks", 1), ("last_time", -1), ("_id", -1))),
)
MOST_CARDS = 20_000
"""Of the customers of one look; a customer with more than a hundred journeys is beyond all bounds."""


@dataclass(frozen=True, slots=True)
class KnownCard:
    """What is known of a stored card before it is read whole."""

    card: Card
    """Without its trails."""
    was_start_time: datetime
    """Where it may have been counted before."""
    gone: bool
    """Its journey is none any more: it waits to be deleted."""
    untold: bool
    """Its day may not know of it: whoever wrote it was stopped before it could tell, or is about to."""


@dataclass(frozen=True, slots=True)
class CardStore:
    """Reads and writes cards."""

    database: Database
    days: DayMarks

    async def known(self, customer_ids: Collection[str]) -> dict[str, KnownCard]:
        """Give the cards of these customers by journey, without their trails. One indexed query."""
        match = {"customer_id": {"$in": sorted(customer_ids)}}
        with reading():
            found = self.database[CARDS].find(match, ONLY_SPANS).limit(MOST_CARDS)
            return {document["_id"]: _known(document) for document in await found.to_list(MOST_CARDS)}

    async def named(self, journey_ids: Collection[str]) -> dict[str, KnownCard]:
        """Give the cards of these journeys, whosever they are, without their trails. One query by id; none for none."""
        if not journey_ids:
            return {}
        with reading():
            found = self.database[CARDS].find({"_id": {"$in": sorted(journey_ids)}}, ONLY_SPANS)
            return {document["_id"]: _known(document) for document in await found.to_list(len(journey_ids))}

    async def whole(self, journey_ids: Collection[str]) -> dict[str, Card]:
        """Give whole cards. One query by id; none where nothing is asked for."""
        if not journey_ids:
            return {}
        with reading():
            found = self.database[CARDS].find({"_id": {"$in": sorted(journey_ids)}})
            return {document["_id"]: card_from_document(document) for document in await found.to_list(len(journey_ids))}

    async def put(self, cards: Sequence[Card], *, known: dict[str, KnownCard], gone: Iterable[KnownCard]) -> None:
        """Write cards, take those away that are gone, and tell the days. Safe to repeat after a failure anywhere."""
        leaving = list(gone)
        before = [known[card.span.journey_id] for card in cards if card.span.journey_id in known]
        await self.days.mark(one.was_start_time for one in before if one.was_start_time != one.card.start_time)
        writes: list[Put | Update] = []
        for card in cards:
            earlier = known.get(card.span.journey_id)
            was = earlier.card.start_time if earlier else card.start_time
            writes.append(Put({**card_to_document(card), "was_start_time": was}, is_new=earlier is None))
        for one in leaving:
            match: Document = {"_id": one.card.span.journey_id, "customer_id": one.card.customer_id}
            writes.append(Update(match, {"$set": {"gone": True, "marks": []}}))
        await write(self.database[CARDS], writes)
        starts = [card.start_time for card in cards]
        await self.days.mark([*starts, *(one.card.start_time for one in (*before, *leaving))])
        await self.days.mark(one.was_start_time for one in leaving if one.was_start_time != one.card.start_time)
        if cards:
            names = [card.span.journey_id for card in cards]
            mine = {"_id": {"$in": names}, "untold": {"$in": sorted({card.token for card in cards})}}
            with reading():
                await self.database[CARDS].update_many(mine, {"$unset": {"untold": ""}})
        if leaving:
            match = {"_id": {"$in": [one.card.span.journey_id for one in leaving]}, "gone": True}
            with reading():
                await self.database[CARDS].delete_many(match)


def _known(document: Document) -> KnownCard:
    return KnownCard(
        card=card_from_document(document),
        was_start_time=document["was_start_time"],
        gone=document.get("gone", False),
        untold="untold" in document,
    )
