"""Counts a campaign's numbers anew, out of the lists of enrolments and messages.

A list of enrolments knows how each began and ended; of those under way the records say how far they are.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.errors import invalid_field
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import Deadline, reading
from libs.mongo.documents import Documents
from libs.mongo.places import Place, read_in_order
from libs.mongo.record import Records
from services.messaging.campaigns import errors
from services.messaging.campaigns.documents import Campaign
from services.messaging.campaigns.fields import enrolment_from
from services.messaging.campaigns.reporting.counting import Tally
from services.messaging.campaigns.values import Enrolment
from services.messaging.events import Event
from services.messaging.store import ENROLMENTS, MESSAGES, message_from_document
from services.messaging.values import Message, Messaging

BATCH = 1000
MAX_COUNTED = 100_000
LONGEST = timedelta(days=366)
MOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Of what a report is wanted."""

    campaign_id: str
    version: int
    """0 for all."""
    from_time: datetime
    to_time: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What was counted."""

    asked: Asked
    tally: Tally
    truncated: bool
    report_time: datetime


@dataclass(frozen=True, slots=True)
class Reports:
    """Makes reports."""

    database: Database
    records: Records[Messaging, Event]
    campaigns: Documents[Campaign]
    clock: Clock

    async def count(self, asked: Asked) -> Report:
        """Count; three queries for every 1000 who entered. Raises CAMPAIGN_NOT_FOUND, DEADLINE_EXCEEDED."""
        if asked.from_time >= asked.to_time:
            raise invalid_field("to_time", "not after from_time")
        if asked.to_time - asked.from_time > LONGEST:
            raise invalid_field("to_time", "more than 366 days after from_time")
        if not (await self.campaigns.get(asked.campaign_id)).exists:
            raise errors.campaign_not_found()
        tally, left, deadline = Tally(), MAX_COUNTED, Deadline(at_most_seconds=MOST_SECONDS)
        async for documents in self._batches(asked, deadline):
            if left <= 0:
                return Report(asked, tally, truncated=True, report_time=self.clock())
            found = await self._as_committed(documents[:left])
            left -= len(documents)
            messages = await self._messages(found, deadline)
            for one in found:
                if not asked.version or one.campaign_version == asked.version:
                    taken = (messages.get(step.message_id) for step in one.path if step.message_id)
                    tally.add(one, [message for message in taken if message is not None])
            await asyncio.sleep(0)
        return Report(asked, tally, truncated=left < 0, report_time=self.clock())

    async def _batches(self, asked: Asked, deadline: Deadline) -> AsyncIterator[list[Document]]:
        """Give the list of enrolments from the period, oldest first, a thousand at a time, by its index."""
        after: Place | None = asked.from_time, ""
        while True:
            documents = await read_in_order(
                self.database[ENROLMENTS],
                {"campaign_id": asked.campaign_id},
                field="sort_time",
                after=after,
                newest_first=False,
                limit=BATCH,
                deadline=deadline,
                projection={"customer_id": 1, "sort_time": 1, "enrolment": 1},
            )
            within = [document for document in documents if document["sort_time"] < asked.to_time]
            if within:
                yield within
            if len(within) < BATCH:
                return
            after = within[-1]["sort_time"], within[-1]["_id"]

    async def _as_committed(self, documents: Sequence[Document]) -> list[Enrolment]:
        """Give the enrolments, those under way as their records have them. One query where there are any."""
        listed = [(document["customer_id"], enrolment_from(document["enrolment"])) for document in documents]
        under_way = {customer_id for customer_id, one in listed if one.is_active}
        records = await self.records.get_many(under_way) if under_way else {}
        known = {one.enrolment_id: one for saved in records.values() for one in saved.state.enrolments}
        return [known.get(one.enrolment_id, one) if one.is_active else one for _, one in listed]

    async def _messages(self, enrolments: Sequence[Enrolment], deadline: Deadline) -> dict[str, Message]:
        """Give the messages that they queued, as kept. One query by id."""
        names = [step.message_id for one in enrolments for step in one.path if step.message_id]
        if not names:
            return {}
        with reading(deadline):
            documents = await self.database[MESSAGES].find({"_id": {"$in": names}}).to_list(len(names))
        return {document["_id"]: message_from_document(document)[0] for document in documents}
