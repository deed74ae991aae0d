"""Keeps a customer's page up to date: one `WatchCustomerContext` for each page that is open.

Whenever the context changed the suite sends its newest state; of it, the parts that read differently than before go to
the page. The client package takes up what breaks, and the page says meanwhile that it is not live.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import grpc
from starlette.requests import Request
from starlette.responses import Response

from omnithread import LiveContext, Omnithread, details_of
from services.console.console import Console
from services.console.customers.guessing import CUSTOMER_ID
from services.console.customers.seen import PARTS, seen_of
from services.console.web.failures import nothing_here
from services.console.web.requests import signed_in, still_signed_in
from services.console.web.streams import EVENT_STREAM, Event

HEARTBEAT_SECONDS = 3
"""Within twice this an agent knows that what is on the page may be old."""
BEAT_SECONDS = 10.0
"""So often the page hears something, and so often it is looked whether the session goes on."""
PAUSE_SECONDS = 5.0
STATE = "state"
ERASED = "CUSTOMER_ERASED"
GONE = Event(STATE, "gone")
FOR_GOOD = {
    grpc.StatusCode.NOT_FOUND: GONE,
    grpc.StatusCode.PERMISSION_DENIED: Event(STATE, "not live"),
    grpc.StatusCode.UNIMPLEMENTED: Event(STATE, "not live"),
    grpc.StatusCode.INVALID_ARGUMENT: Event(STATE, "not live"),
}
"""What trying again does not help."""


@dataclass(frozen=True, slots=True)
class LivePages:
    """Answers the pages that ask to be kept up to date."""

    console: Console

    async def answer(self, request: Request) -> Response:
        """Begin to send what changes. HEAD only says whether it would."""
        agent = signed_in(request)
        if not CUSTOMER_ID.fullmatch(request.path_params["customer_id"]):
            raise nothing_here()
        if request.method == "HEAD":
            self.console.live.check_room(agent.agent_id)
            return Response(media_type=EVENT_STREAM)
        page = _LivePage(
            console=self.console,
            request=request,
            client=self.console.clients.of(agent),
            customer_id=request.path_params["customer_id"],
        )
        return self.console.live.answer(agent.agent_id, page.events())


class _LivePage:
    """One page that is open. A task of its own listens to the suite, so that a slow browser gets the newest state."""

    def __init__(self, *, console: Console, request: Request, client: Omnithread, customer_id: str) -> None:
        self._console = console
        self._request = request
        self._client = client
        self._customer_id = customer_id
        self._shown: dict[str, str] = {}
        """The parts as the page has them, as far as we sent them."""
        self._newest: LiveContext | None = None
        self._connected = False
        self._moved = asyncio.Event()

    async def events(self) -> AsyncGenerator[Event, None]:
        """Give what the page is to know, until the session or the customer is gone."""
        listening = asyncio.create_task(self._listen())
        listening.add_done_callback(lambda _: self._moved.set())
        try:
            while True:
                await self._moved_or_beat()
                if not still_signed_in(self._request):
                    yield Event(STATE, "signed out")
                    return
                if listening.done():
                    yield listening.result()
                    return
                newest, self._newest = self._newest, None
                if newest is not None:
                    yield self._event(newest)
                yield Event(STATE, "live" if self._connected else "reconnecting")
        finally:
            listening.cancel()
            await asyncio.wait({listening})

    async def _moved_or_beat(self) -> None:
        try:
            async with asyncio.timeout(BEAT_SECONDS):
                await self._moved.wait()
        except TimeoutError:
            return
        self._moved.clear()

    async def _listen(self) -> Event:
        """Listen for as long as that is of use, and give the event that says why no more."""
        while True:
            try:
                async with aclosing(
                    self._client.watch_context(
                        self._customer_id, heartbeat_seconds=HEARTBEAT_SECONDS, on_connection=self._note_connection
                    )
                ) as contexts:
                    async for self._newest in contexts:
                        self._moved.set()
            except grpc.RpcError as error:
                details = details_of(error)
                end = GONE if details.reason == ERASED else FOR_GOOD.get(details.code)
                if end is not None:
                    return end
            self._note_connection(connected=False)
            await asyncio.sleep(PAUSE_SECONDS)

    def _note_connection(self, connected: bool) -> None:  # noqa: FBT001  as the client package calls it
        self._connected = connected
        self._moved.set()

    def _event(self, newest: LiveContext) -> Event:
        seen = seen_of(newest)
        if seen.customer_id != self._customer_id:
            return Event("moved", f"/customers/{seen.customer_id}?from={self._customer_id}")
        parts: dict[str, str] = {}
        for part in PARTS:
            text = self._console.rendering.part(self._request, "customers/part.html", **seen.values(part))
            if self._shown.get(part.name) != text:
                self._shown[part.name] = parts[part.name] = text
        return Event("parts", parts)
