"""Runs the sender: at once for whom this process queued something, and every second for whoever is due.

Every replica does. When the service stops, what is being handed over is finished first.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

import structlog

from libs.clock import Clock
from libs.errors import OmnithreadError, is_passing
from libs.mongo.record import Records
from services.messaging.delivery.sender import Sender
from services.messaging.events import Event
from services.messaging.store import DUE_TIME
from services.messaging.values import Messaging

MOST_WAITING = 10_000
MOST_DUE = 500
MOST_HELD = 5000
HELD_FOR = timedelta(minutes=1)
"""So long nobody looks at a customer whose messages or campaigns fail in a way that nobody foresaw: so others are
found behind them. What passes soon, for everybody alike, is none of that."""
WORKERS = 16
STOP_SECONDS = 8.0

log = structlog.get_logger(__name__)


First = Callable[[str, Callable[[], bool]], Awaitable[None]]
"""What is done with a customer before messages are sent, while the second says to go on: the steps of campaigns."""


class Nudges:
    """Customers with something to send, each once: bounded, since the sweep finds whoever does not fit."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)
        self._known: set[str] = set()

    def nudge(self, customer_id: str) -> None:
        """Let a customer be looked at, unless they wait for it already."""
        if customer_id not in self._known and not self._queue.full():
            self._known.add(customer_id)
            self._queue.put_nowait(customer_id)

    async def next(self) -> str:
        """Wait for the next customer."""
        customer_id = await self._queue.get()
        self._known.discard(customer_id)
        return customer_id


class SendLoop:
    """Looks and sends until cancelled."""

    def __init__(
        self,
        *,
        sender: Sender,
        first: First,
        records: Records[Messaging, Event],
        nudges: Nudges,
        clock: Clock,
        sweep_seconds: float,
    ) -> None:
        self._sender = sender
        self._first = first
        self._records = records
        self._nudges = nudges
        self._clock = clock
        self._sweep_seconds = sweep_seconds
        self._in_work: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        """Of those in work, who was nudged since."""
        self._held: dict[str, datetime] = {}
        self._stopping = False

    async def run(self) -> None:
        """Work until cancelled; then give what is under way some seconds to end."""
        self._stopping = False
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._sweep(), name="send-sweep")
                for _ in range(WORKERS):
                    tasks.create_task(self._work(), name="send-worker")
        finally:
            self._stopping = True
            await self._finish()

    def stop_taking(self) -> None:
        """Begin no further send: the process is about to stop, and what is under way has until then to end."""
        self._stopping = True

    async def _sweep(self) -> None:
        while True:
            try:
                now = self._clock()
                self._held = {customer_id: until for customer_id, until in self._held.items() if until > now}
                for customer_id in await self._records.due(DUE_TIME, now, MOST_DUE + len(self._held)):
                    if customer_id not in self._in_work and customer_id not in self._held:
                        self._nudges.nudge(customer_id)
            except OmnithreadError as error:
                log.warning("due_messages_not_found", reason=error.reason)
            await asyncio.sleep(self._sweep_seconds)

    async def _work(self) -> None:
        while True:
            customer_id = await self._nudges.next()
            if self._stopping:
                return  # another replica's sweep, or the next start's, comes to it
            if customer_id in self._in_work:  # whoever works for them comes again: else one could take up all workers
                self._again.add(customer_id)
                continue
            task = asyncio.create_task(self._send(customer_id), name="send-due")
            self._in_work[customer_id] = task
            task.add_done_callback(partial(self._forget, customer_id))
            await asyncio.shield(task)

    async def _send(self, customer_id: str) -> None:
        try:
            await self._first(customer_id, lambda: not self._stopping)
        except OmnithreadError as error:
            log.warning("campaigns_held_up", customer_id=customer_id, reason=error.reason)
            self._hold_unless_passing(customer_id, error)
        except Exception as error:  # the sweep comes back to it
            log.exception("campaigns_held_up", customer_id=customer_id, exc_info=error)
            self._hold(customer_id)
        try:
            await self._sender.send_due(customer_id, lambda: not self._stopping)
        except OmnithreadError as error:
            log.warning("messages_not_sent", customer_id=customer_id, reason=error.reason)
            self._hold_unless_passing(customer_id, error)
        except Exception as error:  # the sweep comes back to it
            log.exception("messages_not_sent", customer_id=customer_id, exc_info=error)
            self._hold(customer_id)

    def _hold_unless_passing(self, customer_id: str, error: OmnithreadError) -> None:
        if not is_passing(error):
            self._hold(customer_id)

    def _hold(self, customer_id: str) -> None:
        if len(self._held) < MOST_HELD:
            self._held[customer_id] = self._clock() + HELD_FOR

    def _forget(self, customer_id: str, done: asyncio.Task[None]) -> None:
        if self._in_work.get(customer_id) is done:
            del self._in_work[customer_id]
        if customer_id in self._again:
            self._again.discard(customer_id)
            self._nudges.nudge(customer_id)

    async def _finish(self) -> None:
        if self._in_work:
            _, late = await asyncio.wait(self._in_work.values(), timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
