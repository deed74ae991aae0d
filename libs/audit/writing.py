"""Brings what was noted into the database, twice a second, until the process ends: no call waits for it."""

import asyncio

import structlog

from libs.audit.notebook import Notebook
from libs.audit.store import AuditLog, to_document
from libs.errors import OmnithreadError
from libs.mongo.connection import Document

BATCH = 500
PAUSE_SECONDS = 0.5
LAST_SECONDS = 1.5


class AuditWriter:
    """Writes batch after batch; one that fails waits, and is written again as it is."""

    def __init__(self, notebook: Notebook, log: AuditLog, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._notebook = notebook
        self._log = log
        self._pause_seconds = pause_seconds
        self._batch: list[Document] = []

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self.write()
            await asyncio.sleep(self._pause_seconds)

    async def write(self, *, all_folds: bool = False) -> bool:
        """Write what waits; False where MongoDB does not answer."""
        while True:
            if not self._batch:
                self._batch = [to_document(entry) for entry in self._notebook.take(BATCH, all_folds=all_folds)]
            if not self._batch:
                return True
            try:
                await self._log.add(self._batch)
            except OmnithreadError as error:
                structlog.get_logger(__name__).warning("audit_waits", entries=len(self._batch), reason=error.reason)
                return False
            self._batch = []

    async def finish(self) -> None:
        """Write what is left, within a second and a half."""
        try:
            async with asyncio.timeout(LAST_SECONDS):
                if await self.write(all_folds=True):
                    return
        except TimeoutError:
            pass
        structlog.get_logger(__name__).error("audit_entries_lost", entries=len(self._batch) + self._notebook.waiting)
