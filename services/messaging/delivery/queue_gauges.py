"""Tells how much waits to be sent, how much of it is late, and how many dead letters nobody has looked after."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from prometheus_client import CollectorRegistry, Gauge

from libs.clock import Clock
from libs.mongo.connection import Database
from libs.mongo.due_counts import DueCounts, DueGauges
from libs.mongo.shapes import RECORDS
from services.messaging.store import DEAD_LETTERS, DUE_TIME

LATE_AFTER = timedelta(minutes=1)


def queue_sweeps(
    registry: CollectorRegistry, database: Database, clock: Clock
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    """Give what counts, by name, for the service to run."""
    messages = DueGauges(
        waiting=Gauge(
            "omnithread_messages_waiting",
            "Customers for whom a message or a campaign's step waits for its time or its turn, counted up to 10000.",
            registry=registry,
        ),
        overdue=Gauge(
            "omnithread_messages_overdue",
            "Customers for whom a message or a campaign's step is over a minute late, counted up to 10000.",
            registry=registry,
        ),
        oldest_seconds=Gauge(
            "omnithread_message_oldest_overdue_seconds",
            "How late the latest message or step of a campaign is; 0 where none is.",
            registry=registry,
        ),
    )
    letters = DueGauges(
        waiting=Gauge(
            "omnithread_dead_letters_waiting",
            "Messages that could not be sent and that nobody sent again yet, counted up to 10000.",
            registry=registry,
        ),
    )
    counting = DueCounts(
        database=database,
        collection=RECORDS,
        field=DUE_TIME,
        gauges=messages,
        clock=clock,
        match={"merged_into": ""},
        grace=LATE_AFTER,
    )
    dead = DueCounts(
        database=database,
        collection=DEAD_LETTERS,
        field="sort_time",
        gauges=letters,
        clock=clock,
        match={"replayed_as": ""},
    )
    return {"messaging-queue": counting.run, "messaging-dead-letters": dead.run}
