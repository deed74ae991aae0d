"""Tells how many erasures are accepted and not done yet: their time by law is running."""

from prometheus_client import CollectorRegistry, Gauge

from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.due_counts import DueCounts, DueGauges
from libs.mongo.migrate import Index
from services.aggregator.erasure_store import ERASURES

ACCEPT_TIME = "accept_time"
OPEN_INDEX = Index(ERASURES, (("complete_time", 1), (ACCEPT_TIME, 1)))


def erasure_counts(registry: CollectorRegistry, database: Database, clock: Clock) -> DueCounts:
    """Give what counts them."""
    gauges = DueGauges(
        waiting=Gauge(
            "omnithread_erasures_open",
            "Erasures that were accepted and that not every service has done yet, counted up to 10000.",
            registry=registry,
        ),
        oldest_seconds=Gauge(
            "omnithread_erasure_oldest_open_seconds",
            "How long ago the oldest of them was accepted; 0 where all are done.",
            registry=registry,
        ),
    )
    return DueCounts(
        database=database,
        collection=ERASURES,
        field=ACCEPT_TIME,
        gauges=gauges,
        clock=clock,
        match={"complete_time": None},
    )
