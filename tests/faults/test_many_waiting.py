"""A hundred thousand customers have a message waiting: who looks for what is due looks at no more than that."""

import os
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo import monitoring

from libs.clock import system_clock
from libs.ids import new_id
from libs.mongo.connection import Database, connect, database
from libs.mongo.migrate import migrate
from libs.mongo.record import Records
from libs.mongo.shapes import RECORDS
from services.messaging.delivery.send_loop import MOST_DUE
from services.messaging.events import Event
from services.messaging.store import DUE_TIME, INDEXES, SHAPE
from services.messaging.values import Messaging

WAITING = int(os.environ.get("OMNITHREAD_MANY_WAITING", "100000"))
DUE = 300
BATCH = 1_000


class Queries(monitoring.CommandListener):
    """Remembers the last query that was sent."""

    def __init__(self) -> None:
        self.last: dict[str, Any] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name == "find":
            self.last = dict(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


@pytest.fixture
async def queries() -> Queries:
    listener = Queries()
    monitoring.register(listener)  # for connections that are opened from now on
    return listener


@pytest.fixture
async def many(queries: Queries, mongo_uri: str, unique_prefix: str) -> AsyncIterator[Database]:
    """A database with so many customers; for 300 of them something is due."""
    client = connect(mongo_uri, app_name="test")
    try:
        messaging = database(client, f"{unique_prefix}_messaging")
        await migrate(messaging, INDEXES, new_epoch="epo_1")
        now = system_clock()
        for start in range(0, WAITING, BATCH):
            records = [
                {
                    "_id": f"cus_{number}",
                    "merged_into": "",
                    "version": 1,
                    DUE_TIME: now + timedelta(minutes=number - DUE),
                }
                for number in range(start, min(start + BATCH, WAITING))
            ]
            await messaging[RECORDS].insert_many(records, ordered=False)
        yield messaging
    finally:
        client.close()


@pytest.mark.timeout(600)
async def test_what_is_due_is_found_without_looking_at_what_waits(many: Database, queries: Queries) -> None:
    records: Records[Messaging, Event] = Records(
        database=many,
        shape=SHAPE,
        clock=system_clock,
        new_id=new_id,
        epoch="epo_1",
        admit=None,
        on_saved=lambda _customer_id: None,
        random=random.Random(1),
    )
    due = await records.due(DUE_TIME, system_clock(), MOST_DUE)
    assert DUE <= len(due) <= DUE + 10
    assert due[:2] == ["cus_0", "cus_1"]

    query = {name: queries.last[name] for name in ("find", "filter", "projection", "sort", "limit")}
    plan = await many.command({"explain": query, "verbosity": "executionStats"})
    seen = plan["executionStats"]
    assert seen["nReturned"] >= DUE
    assert seen["totalKeysExamined"] <= seen["nReturned"] + 1
    assert seen["totalDocsExamined"] <= seen["nReturned"] + 1
