"""Wires searching and reports."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

from libs.mongo.record import Records
from libs.rpc.server import Registration
from libs.service import Foundation
from omnithread.context.v1.journey_service_pb2_grpc import add_JourneyServiceServicer_to_server
from services.aggregator.events import Event
from services.aggregator.searching.behind import BEHIND_INDEX, Behind
from services.aggregator.searching.building import Building
from services.aggregator.searching.card_store import CARD_INDEXES, CardStore
from services.aggregator.searching.card_sweep import CardSweep
from services.aggregator.searching.day_counting import DayCounting
from services.aggregator.searching.day_marks import DAY_INDEXES, DayMarks
from services.aggregator.searching.reports import Reports
from services.aggregator.searching.searches import Searches
from services.aggregator.searching.servicer import JourneyServicer
from services.aggregator.settings import AggregatorSettings
from services.aggregator.values import Thread

SEARCH_INDEXES = (BEHIND_INDEX, *CARD_INDEXES, *DAY_INDEXES)


@dataclass(frozen=True, slots=True)
class SearchingParts:
    """What the rest of the aggregator uses of it."""

    registration: Registration
    sweeps: Mapping[str, Callable[[], Awaitable[None]]]


def searching_parts(
    settings: AggregatorSettings, foundation: Foundation, records: Records[Thread, Event]
) -> SearchingParts:
    """Put the parts together."""
    database, clock = foundation.database, foundation.clock
    zone = ZoneInfo(settings.company_time_zone)
    behind = Behind(database, clock)
    store = CardStore(database, DayMarks(database, zone, clock))
    building = Building(records=records, database=database, store=store, clock=clock)
    cards = CardSweep(behind=behind, building=building, pause_seconds=settings.card_sweep_seconds)
    days = DayCounting(database=database, zone=zone, clock=clock, pause_seconds=settings.day_sweep_seconds)
    servicer = JourneyServicer(
        searches=Searches(database), reports=Reports(database, zone, behind), behind=behind, clock=clock
    )
    return SearchingParts(
        registration=partial(add_JourneyServiceServicer_to_server, servicer),
        sweeps={"journey-cards": cards.run, "journey-days": days.run},
    )
