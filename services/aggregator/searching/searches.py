"""Finds journeys by what is asked for: an index gives those of one mark in order, and the rest is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.mongo.places import Place
from libs.mongo.shapes import RECORDS
from libs.timestamps import EPOCH
from services.aggregator.searching import cards
from services.aggregator.searching.card_fields import CARDS, WITHOUT_TRAILS, card_from_document
from services.aggregator.searching.cards import Card
from services.aggregator.searching.places import leads_over

MOST_EXAMINED = 5000
"""So many journeys one call looks at; the next page goes on from there."""
BATCH = 500
FEW = 100
FIRST_SLICE = timedelta(days=1)
SHORTEST_SLICE = timedelta(minutes=1)
LONGEST_SLICE = timedelta(days=3000)
SLICES_GROW = 4
BY_START = "start_time"
BY_LAST_ACT = "last_time"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is searched for; empty or None is whatever."""

    way: str = ""
    exact_way: bool = False
    outcome: int = 0
    going_on: bool = False
    goal_id: str = ""
    field: str = BY_LAST_ACT
    """By which time the journeys are found and ordered: one of the two fields."""
    from_time: datetime | None = None
    to_time: datetime | None = None
    stuck_for: timedelta | None = None
    channel_id: str = ""
    has_problem: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One page."""

    cards: tuple[Card, ...]
    following: Place | None
    """Where the next page begins; None where there is nothing left."""
    examined: int


@dataclass(frozen=True, slots=True)
class Searches:
    """Searches the cards."""

    database: Database

    async def find(self, wanted: Wanted, *, after: Place | None, limit: int, now: datetime) -> Found:
        """Give one page, newest first. Some indexed queries of at most 500 cards, and one for their customers.

        It looks back in slices of time, short ones where there are many journeys: a server that sorts what it finds
        has never much to sort.
        """
        marks, deadline = marks_of(wanted), Deadline()
        latest = _latest(wanted, now)
        place = after or ((latest, "") if latest is not None else None)
        floor, width = wanted.from_time or EPOCH, FIRST_SLICE
        hits: list[Card] = []
        examined = 0
        while examined < MOST_EXAMINED:
            begin = _begin_of(place[0] if place else now, width, floor)
            documents = await self._slice(marks[0], wanted.field, begin, place, deadline)
            for document in documents:
                examined += 1
                place = document[wanted.field], document["_id"]
                if _fits(document, wanted, marks, now):
                    hits.append(card_from_document(document))
                    if len(hits) == limit:
                        return Found(await self._present(hits, deadline), place, examined)
            if len(documents) < BATCH:
                if begin <= floor:
                    return Found(await self._present(hits, deadline), None, examined)
                place = begin, ""
            width = _next_width(width, len(documents))
        return Found(await self._present(hits, deadline), place, examined)

    async def _slice(
        self, mark: str, field: str, begin: datetime, place: Place | None, deadline: Deadline
    ) -> list[Document]:
        """Give the newest 500 cards with a mark from a time on, before a place: those of its very time first."""
        if place is None:
            return await self._read({"marks": mark, field: {"$gte": begin}}, field, BATCH, deadline)
        until, key = place
        same_time = []
        if key:
            same_time = await self._read({"marks": mark, field: until, "_id": {"$lt": key}}, field, BATCH, deadline)
        left = BATCH - len(same_time)
        if not left:
            return same_time
        return same_time + await self._read(
            {"marks": mark, field: {"$gte": begin, "$lt": until}}, field, left, deadline
        )

    async def _read(self, match: Document, field: str, limit: int, deadline: Deadline) -> list[Document]:
        with reading(deadline):
            found = self.database[CARDS].find(match, dict(WITHOUT_TRAILS)).sort([(field, -1), ("_id", -1)])
            return await found.limit(limit).to_list(limit)

    async def _present(self, found: Sequence[Card], deadline: Deadline) -> tuple[Card, ...]:
        """Leave out who was merged away or forgotten, however late their cards go. One query by id; none for none."""
        if not found:
            return ()
        match = {"_id": {"$in": sorted({card.customer_id for card in found})}, "merged_into": ""}
        with reading(deadline):
            records = await self.database[RECORDS].find(match, {"erased": 1}).to_list(len(found))
        present = {record["_id"] for record in records if not record.get("erased")}
        return tuple(card for card in found if card.customer_id in present)


def marks_of(wanted: Wanted) -> list[str]:
    """Give the marks that a card must have, the one that the fewest should have first."""
    marks: list[str] = []
    if wanted.exact_way:
        marks.append(cards.exactly(wanted.way))
    if wanted.has_problem:
        marks.append(cards.PROBLEM)
    marks += [cards.over(wanted.way[at : at + 2]) for at in reversed(range(len(wanted.way) - 1))]
    if wanted.channel_id:
        marks.append(cards.on_channel(wanted.channel_id))
    if wanted.outcome:
        marks.append(cards.ended(wanted.outcome))
    if wanted.goal_id:
        marks.append(cards.reached(wanted.goal_id))
    if wanted.going_on or wanted.stuck_for is not None:
        marks.append(cards.GOING_ON)
    marks += [cards.over(letter) for letter in wanted.way]
    return [*marks, cards.EVERY]


def _begin_of(until: datetime, width: timedelta, floor: datetime) -> datetime:
    """Give where a slice begins; the last one has all that is older."""
    return max(until - width, floor) if width < LONGEST_SLICE and until - floor > width else floor


def _next_width(width: timedelta, found: int) -> timedelta:
    if found >= BATCH:
        return max(width / SLICES_GROW, SHORTEST_SLICE)
    return width * SLICES_GROW if found < FEW else width


def _latest(wanted: Wanted, now: datetime) -> datetime | None:
    """Give before when the journeys are by the field that orders them."""
    bounds = [wanted.to_time] if wanted.to_time is not None else []
    if wanted.stuck_for is not None and wanted.field == BY_LAST_ACT:
        bounds.append(now - wanted.stuck_for + timedelta(milliseconds=1))
    return min(bounds, default=None)


def _fits(document: Mapping[str, object], wanted: Wanted, marks: Sequence[str], now: datetime) -> bool:
    found, trail, last_time = document["marks"], document["trail"], document["last_time"]
    if not isinstance(found, list) or not isinstance(trail, dict) or not isinstance(last_time, datetime):
        return False
    if not set(marks) <= set(found) or not leads_over(trail["way"], wanted.way):
        return False
    if wanted.exact_way and (trail["way"] != wanted.way or trail["step_count"] != len(wanted.way)):
        return False
    return wanted.stuck_for is None or last_time <= now - wanted.stuck_for
