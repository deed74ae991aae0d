"""Watching a customer's context: a stream that goes on by itself where it breaks, and never tells what is outdated."""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from grpc import aio

from omnithread.context.v1.watch_service_pb2 import WatchCustomerContextRequest, WatchCustomerContextResponse
from omnithread.errors import ErrorDetails, details_of
from omnithread.live import Live, LiveContext
from omnithread.tokens import FRESH_TOKEN, TokenSource

if TYPE_CHECKING:  # the class of stubs on asyncio channels is known to type checkers only
    from omnithread.context.v1.watch_service_pb2_grpc import WatchServiceAsyncStub

DEFAULT_HEARTBEAT_SECONDS = 15
SILENT_PERIODS = 2
"""After so many without a word the stream is dead, whatever the connection says."""
FIRST_PAUSE_SECONDS = 0.2
MOST_PAUSE_SECONDS = 10.0
PASSING = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)
"""A stream that ends so is opened again."""

OnConnection = Callable[[bool], None]


@dataclass(slots=True)
class Attempts:
    """What came of opening the stream so far."""

    failures: int = 0
    """Since anything was heard."""
    ever_heard: bool = False
    has_fresh_token: bool = False
    """Whether a fresh token was fetched since anything was heard."""

    def heard(self) -> None:
        """Note that the stream speaks."""
        self.failures, self.ever_heard, self.has_fresh_token = 0, True, False

    def pause_seconds(self, jitter: Callable[[], float] = random.random) -> float:
        """How long to wait before opening it again; counts a failure."""
        self.failures += 1
        longest = min(MOST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * (1 << min(self.failures - 1, 10)))
        return longest * (0.5 + jitter() / 2)


class Watch:
    """One watcher. A task of its own reads the stream, so that who is slow is told the newest state."""

    def __init__(
        self,
        stub: "WatchServiceAsyncStub",
        request: WatchCustomerContextRequest,
        *,
        tokens: TokenSource | None,
        changed_sections_only: bool,
        on_connection: OnConnection | None,
        silence_seconds: float | None = None,
    ) -> None:
        self._stub = stub
        self._request = WatchCustomerContextRequest()
        self._request.CopyFrom(request)
        self._request.changed_sections_only = True  # it is put together here
        self._tokens = tokens
        self._live = Live(changed_sections_only=changed_sections_only)
        self._resume_token = ""
        self._on_connection = on_connection
        heartbeat_seconds = request.heartbeat_seconds or DEFAULT_HEARTBEAT_SECONDS
        self._silence_seconds = silence_seconds or SILENT_PERIODS * heartbeat_seconds
        self._connected: bool | None = None
        self.attempts = Attempts()
        self._moved = asyncio.Event()

    async def updates(self) -> AsyncGenerator[LiveContext, None]:
        """Give each newest state. Raises grpc.RpcError where opening again is of no use."""
        reading = asyncio.create_task(self._keep_reading())
        reading.add_done_callback(lambda _: self._moved.set())
        try:
            while True:
                newest = self._live.newest()
                if newest is not None:
                    yield newest
                    continue
                if reading.done():
                    reading.result()
                self._moved.clear()
                await self._moved.wait()
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            if not reading.cancelled():
                reading.exception()  # it was told, or nobody listens any more

    async def _keep_reading(self) -> None:
        while True:
            try:
                await self._read()
            except aio.AioRpcError as error:
                if not self.may_go_on(details_of(error)):
                    raise
            except TimeoutError:
                pass
            self._say(connected=False)
            await asyncio.sleep(self.attempts.pause_seconds())

    async def _read(self) -> None:
        """Read one stream to its end. Raises TimeoutError where it falls silent."""
        self._request.resume_token = self._resume_token
        stream = self._stub.WatchCustomerContext(self._request)
        try:
            while True:
                async with asyncio.timeout(self._silence_seconds):
                    response = await stream.read()
                if not isinstance(response, WatchCustomerContextResponse):
                    return  # the end
                self._take_in(response)
        finally:
            stream.cancel()

    def _take_in(self, response: WatchCustomerContextResponse) -> None:
        self.attempts.heard()
        self._say(connected=True)
        self._resume_token = response.resume_token or self._resume_token
        if response.HasField("update"):
            self._live.take_in(response.update)
            self._moved.set()

    def may_go_on(self, error: ErrorDetails) -> bool:
        """Say whether to open the stream again, and prepare it."""
        if error.reason in FRESH_TOKEN:  # whoever opened the stream has it forgotten
            if self.attempts.has_fresh_token or self._tokens is None or not self._tokens.can_fetch:
                return False
            self.attempts.has_fresh_token = True
            return True
        if error.reason == "PAGE_TOKEN_INVALID" and self._resume_token:
            self._resume_token = ""
            return True
        if error.code is grpc.StatusCode.RESOURCE_EXHAUSTED:  # after a break another replica may have to make room
            return self.attempts.ever_heard
        return error.code in PASSING or error.reason == "CONFLICT"

    def _say(self, *, connected: bool) -> None:
        if self._on_connection is not None and connected is not self._connected:
            self._connected = connected
            self._on_connection(connected)
