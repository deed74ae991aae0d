"""Says what the aggregator itself holds about a person. Nothing of it stays when they are forgotten."""

from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.erase import Eraser
from libs.mongo.holdings import Holdings
from libs.mongo.record import Records
from omnithread.context.v1.context_events_pb2 import ContextEvent
from services.aggregator.erasure_store import ERASURES
from services.aggregator.events import Event, JourneyErased
from services.aggregator.model import AREA
from services.aggregator.price_changes import PRICE_CHANGES
from services.aggregator.searching.day_marks import DAYS
from services.aggregator.troubles.rejections import LOOKED
from services.aggregator.values import Thread

HOLDINGS = Holdings(area=AREA, event_type=ContextEvent, of_nobody=frozenset({ERASURES, LOOKED, PRICE_CHANGES, DAYS}))
"""The receipts of erasures name ids only, and are what is shown of them; price changes are the catalogue's. How far
refusals were looked for is a time, and the days of reports are counts."""


def eraser_over(records: Records[Thread, Event], database: Database, clock: Clock) -> Eraser[Thread, Event]:
    """Give who forgets customers here."""
    return Eraser(
        records=records,
        database=database,
        holdings=HOLDINGS,
        event=lambda erasure_id, now: JourneyErased(now, erasure_id),
        clock=clock,
    )
