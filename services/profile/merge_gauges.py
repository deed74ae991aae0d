"""Tells how many merges are decided and not carried out yet."""

from prometheus_client import CollectorRegistry, Gauge

from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.due_counts import DueCounts, DueGauges
from libs.mongo.shapes import RECORDS
from services.profile.store import OLDEST_INCOMING_TIME


def merge_counts(registry: CollectorRegistry, database: Database, clock: Clock) -> DueCounts:
    """Give what counts them."""
    gauges = DueGauges(
        waiting=Gauge(
            "omnithread_merges_pending",
            "Customers into whom somebody is to be merged and is not yet everywhere, counted up to 10000.",
            registry=registry,
        ),
        oldest_seconds=Gauge(
            "omnithread_merge_oldest_pending_seconds",
            "How long the oldest of these merges has been pending; 0 where none is.",
            registry=registry,
        ),
    )
    return DueCounts(
        database=database,
        collection=RECORDS,
        field=OLDEST_INCOMING_TIME,
        gauges=gauges,
        clock=clock,
        match={"merged_into": ""},
    )
