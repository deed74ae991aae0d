"""A customer's touchpoints in order, read on and on: a page at a time, and none twice."""

from collections import deque
from collections.abc import AsyncIterator
from datetime import datetime

from libs.mongo.connection import Database
from libs.mongo.members import Position, page, position_at
from libs.mongo.values import Saved
from services.aggregator.store import TOUCHPOINTS, touchpoint_from_document
from services.aggregator.values import Thread, Touchpoint

READ_AT_ONCE = 1000


class Past:
    """Reads the touchpoints of one customer, forwards only."""

    def __init__(self, database: Database, saved: Saved[Thread]) -> None:
        self._database = database
        self._saved = saved
        self._read: deque[Touchpoint] = deque()
        self._following: Position | None = None
        self._at_end = False

    def go_to(self, time: datetime, touchpoint_id: str = "") -> None:
        """Go to what is after this touchpoint; without one, to what is from this time on."""
        while self._read and (self._read[0].occur_time, self._read[0].touchpoint_id) <= (time, touchpoint_id):
            self._read.popleft()
        if not self._read and not self._at_end:
            self._following = position_at(time, touchpoint_id)

    async def until(self, end: datetime | None) -> AsyncIterator[Touchpoint]:
        """Give what is before a time; one query for every 1000."""
        while True:
            while self._read:
                if end is not None and self._read[0].occur_time >= end:
                    return
                yield self._read.popleft()
            if self._at_end:
                return
            documents, self._following = await page(
                self._database,
                TOUCHPOINTS,
                self._saved,
                newest_first=False,
                position=self._following,
                limit=READ_AT_ONCE,
            )
            self._at_end = self._following is None
            self._read.extend(touchpoint_from_document(document) for document in documents)
