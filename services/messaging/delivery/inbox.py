"""What a customer's inbox, or a display in the store, shows: kept up to date for whoever watches.

A watcher looks again when its customer's record has a new version. Changes of this replica wake it at once; of those of
others one query a second tells, for all who are watched. What it looks at is the newest 50 messages, so neither a slow
caller nor a long inbox piles anything up: who was away sees how it is now.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError
from libs.mongo.connection import Database
from libs.mongo.deadline import reading
from libs.mongo.members import page
from libs.mongo.record import Records
from libs.mongo.shapes import RECORDS
from libs.mongo.values import Saved
from libs.rpc.directory import CustomerDirectory
from libs.timestamps import EPOCH
from services.messaging.delivery import errors
from services.messaging.events import Event
from services.messaging.store import MESSAGES, message_from_document
from services.messaging.values import Content, DeliveryKind, Message, MessageState, Messaging, ReceiptKind

MOST_SHOWN = 50
MOST_ASKED = 1000
"""Customers in one query."""
OVERLAP = timedelta(seconds=10)
"""How far the clocks of replicas may be apart: after a break so much is shown again."""
DISPLAYED_FOR = timedelta(hours=24)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is new for a watcher; without messages, a heartbeat."""

    customer_id: str
    messages: tuple[tuple[Message, Content], ...]
    """The oldest first."""
    unread_count: int
    position: dict[str, str | int]
    """Where the next stream goes on."""


@dataclass(eq=False, slots=True)
class _Watcher:
    lineage: frozenset[str]
    standing: str
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class Watchers:
    """Who watches whom, on this replica."""

    def __init__(self, database: Database, *, most: int, look_seconds: float) -> None:
        self._database = database
        self._most = most
        self._look_seconds = look_seconds
        self._of: dict[str, set[_Watcher]] = {}
        self._versions: dict[str, int] = {}
        self._count = 0
        self._stopped = False

    def add(self, saved: Saved[Messaging]) -> _Watcher:
        """Begin to watch a customer. Raises TOO_MANY_WATCHERS."""
        if self._count >= self._most:
            raise errors.too_many_watchers(self._most)
        watcher = _Watcher(frozenset(saved.lineage), saved.customer_id)
        self._count += 1
        self._of.setdefault(watcher.standing, set()).add(watcher)
        self._versions.setdefault(watcher.standing, saved.version)
        return watcher

    def remove(self, watcher: _Watcher) -> None:
        """End it."""
        self._count -= 1
        watching = self._of[watcher.standing]
        watching.discard(watcher)
        if not watching:
            del self._of[watcher.standing]
            self._versions.pop(watcher.standing, None)

    def wake(self, customer_id: str) -> None:
        """Let those look who watch a customer: this replica wrote something."""
        for watcher in self._of.get(customer_id, ()):
            watcher.woken.set()

    def stop(self) -> None:
        """Let all streams end, and no other begin: this replica stops."""
        self._stopped = True
        for watching in self._of.values():
            for watcher in watching:
                watcher.woken.set()

    def check_going_on(self) -> None:
        """Send a watcher to another replica where this one stops. Raises INBOX_STOPPED."""
        if self._stopped:
            raise errors.inbox_stopped()

    async def run(self) -> None:
        """Look again and again what other replicas wrote, until cancelled."""
        while True:
            try:
                await self._look()
            except OmnithreadError as error:
                log.warning("inboxes_not_looked_at", reason=error.reason)
            await asyncio.sleep(self._look_seconds)

    async def _look(self) -> None:
        watched = list(self._of)
        for start in range(0, len(watched), MOST_ASKED):
            asked = watched[start : start + MOST_ASKED]
            with reading():
                cursor = self._database[RECORDS].find({"_id": {"$in": asked}}, {"version": 1})
                found = await cursor.to_list(MOST_ASKED)
            for record in found:
                customer_id, version = record["_id"], record["version"]
                if customer_id in self._of and self._versions.get(customer_id) != version:
                    self._versions[customer_id] = version
                    self.wake(customer_id)


@dataclass(frozen=True, slots=True)
class Inboxes:
    """Shows inboxes and displays."""

    records: Records[Messaging, Event]
    database: Database
    directory: CustomerDirectory
    watchers: Watchers
    heartbeat_seconds: float
    clock: Clock

    async def watch(
        self, customer_id: str, kind: DeliveryKind, *, position: dict[str, str | int] | None
    ) -> AsyncGenerator[Shown, None]:
        """Give what is unread, or what changed since `position`, then what is new. Without end.

        Raises CUSTOMER_NOT_FOUND, TOO_MANY_WATCHERS, and INBOX_STOPPED where this replica stops.
        """
        saved = await self._record(customer_id)
        since = None if position is None else EPOCH + timedelta(milliseconds=int(position["since"])) - OVERLAP
        self.watchers.check_going_on()
        watcher = self.watchers.add(saved)
        known: dict[str, int] = {}
        is_first, is_time = True, False
        try:
            while True:
                watcher.woken.clear()
                saved = await self._record(customer_id)
                if saved.customer_id != watcher.standing:  # merged meanwhile, or parted again: go on with who it is now
                    self.watchers.check_going_on()  # a stop has woken the old one, and nobody wakes the new one
                    self.watchers.remove(watcher)
                    watcher = self.watchers.add(saved)
                listed = await self._newest(saved, kind)
                changed = [
                    found
                    for found in listed
                    if known.get(found[0].message_id) != found[0].revision
                    and (not is_first or _is_news(found[0], since))
                ]
                known = {message.message_id: message.revision for message, _ in listed}
                if changed or is_first or is_time:
                    yield _shown(saved.customer_id, listed, changed)
                is_first = is_time = False
                try:
                    await asyncio.wait_for(watcher.woken.wait(), self.heartbeat_seconds)
                except TimeoutError:
                    is_time = True
                self.watchers.check_going_on()
        finally:
            self.watchers.remove(watcher)

    async def _record(self, customer_id: str) -> Saved[Messaging]:
        saved = await self.records.get(customer_id)
        if saved.exists:
            return saved
        standing = await self.directory.standing_as_far_as_known(customer_id)
        return saved if standing == customer_id else await self.records.get(standing)

    async def _newest(self, saved: Saved[Messaging], kind: DeliveryKind) -> list[tuple[Message, Content]]:
        documents, _ = await page(self.database, MESSAGES, saved, match={"delivery_kind": kind.value}, limit=MOST_SHOWN)
        oldest: datetime = self.clock() - DISPLAYED_FOR if kind is DeliveryKind.STORE_DISPLAY else EPOCH
        listed = [message_from_document(document) for document in documents]
        return [
            (message, content)
            for message, content in listed
            if message.state is MessageState.SENT and message.create_time >= oldest
        ]


def _shown(customer_id: str, listed: list[tuple[Message, Content]], changed: list[tuple[Message, Content]]) -> Shown:
    newest = max((_touched(message) for message, _ in listed), default=EPOCH)
    return Shown(
        customer_id,
        tuple(reversed(changed)),
        sum(1 for message, _ in listed if not _is_read(message)),
        {"since": (newest - EPOCH) // timedelta(milliseconds=1)},
    )


def _touched(message: Message) -> datetime:
    return max((message.update_time, *(receipt.time for receipt in message.receipts)))


def _is_news(message: Message, since: datetime | None) -> bool:
    """Say whether a new watcher is shown a message: an unread one, or after a break what changed in it."""
    return not _is_read(message) if since is None else _touched(message) >= since


def _is_read(message: Message) -> bool:
    return any(receipt.kind is ReceiptKind.OPENED for receipt in message.receipts)
