"""Searching and reports on a database, without servers: what makes cards and days, and what asks for them."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.relay_store import RelayStore
from libs.mongo.shapes import RECORDS
from services.aggregator.operations import Journeys
from services.aggregator.searching.behind import Behind
from services.aggregator.searching.building import Building
from services.aggregator.searching.card_fields import CARDS, card_from_document
from services.aggregator.searching.card_store import CardStore
from services.aggregator.searching.card_sweep import CardSweep
from services.aggregator.searching.cards import Card
from services.aggregator.searching.day_counting import DayCounting
from services.aggregator.searching.day_marks import DayMarks
from services.aggregator.searching.reports import Asked, Report, Reports
from services.aggregator.searching.searches import Found, Searches, Wanted

BERLIN = ZoneInfo("Europe/Berlin")


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that keeps journeys ready."""

    journeys: Journeys
    sweep: CardSweep
    days: DayCounting
    searches: Searches
    reports: Reports

    @property
    def database(self) -> Database:
        return self.journeys.database

    async def relay(self) -> None:
        """Put what the records announce into its lists, as the relay does."""
        store = RelayStore(self.database)
        with_outbox = await self.database[RECORDS].find({"outbox.seq": {"$gt": 0}}, {"_id": 1}).to_list(None)
        for begin in range(0, len(with_outbox), 100):
            loaded = await store.load([record["_id"] for record in with_outbox[begin : begin + 100]])
            await store.keep_members(loaded)
            await store.pull(loaded)

    async def catch_up(self) -> None:
        """Make all cards, and count all days."""
        while await self.sweep.sweep():
            pass
        while await self.days.sweep():
            pass

    async def cards(self) -> dict[str, Card]:
        """All cards by journey."""
        documents = await self.database[CARDS].find({}).to_list(None)
        return {document["_id"]: card_from_document(document) for document in documents}

    async def find(self, wanted: Wanted, limit: int = 100) -> list[str]:
        """All journeys that a search gives, page by page."""
        found: list[str] = []
        page = Found((), None, 0)
        is_first = True
        while is_first or page.following:
            page = await self.searches.find(wanted, after=page.following, limit=limit, now=self.journeys.clock())
            found += [card.span.journey_id for card in page.cards]
            is_first = False
        return found

    async def report(self, from_day: date, to_day: date, *, first: str = "", goal_id: str = "") -> Report:
        """The report on these days."""
        return await self.reports.report(Asked(from_day, to_day, first=first, goal_id=goal_id))


def library_over(journeys: Journeys, clock: Clock, zone: ZoneInfo = BERLIN) -> Library:
    """Put it together."""
    database = journeys.database
    behind = Behind(database, clock)
    store = CardStore(database, DayMarks(database, zone, clock))
    building = Building(records=journeys.records, database=database, store=store, clock=clock)
    return Library(
        journeys=journeys,
        sweep=CardSweep(behind=behind, building=building, pause_seconds=0.1),
        days=DayCounting(database=database, zone=zone, clock=clock, pause_seconds=0.1),
        searches=Searches(database),
        reports=Reports(database, zone, behind),
    )
