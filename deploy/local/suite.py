"""The whole suite as processes on this machine: servers, keys, migrations, services, door; up in order, then down.

async with Suite(Plan(state_dir=folder)) as suite:
    async with suite.connect("web-shop") as shop:
        await shop.start_session([omnithread.cookie("visitor-1")])
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import omnithread
from deploy.local.backends import EmbeddedKafka, EmbeddedMongo
from deploy.local.child import ChildFailed
from deploy.local.console import WebConsole, console_environment
from deploy.local.door import DOOR, PublicDoor, door_environment
from deploy.local.keys import ensure_keys, mint_channel_token, write_service_token
from deploy.local.leftovers import drop_what_is_elsewhere
from deploy.local.mailbox import Mailbox
from deploy.local.plan import SERVICES, Plan
from deploy.local.server import Server
from deploy.local.service import Backends, Service, migrate, own_environment, shared_environment
from deploy.local.state import KEYS_FOLDER, private_dir
from deploy.local.traces import TraceReceiver

TOKEN_REFRESH_SECONDS = 24 * 3600.0  # they hold for a month

# Everything shares this machine, maybe with much else.
CALL_TIMEOUT_SECONDS = 20.0


class Suite:
    """One run; inside the block everything answers. Raises ChildFailed where a part does not come up."""

    def __init__(self, plan: Plan, *, say: Callable[[str], None] = lambda _: None) -> None:
        self.plan = plan
        self._say = say
        state, ports = private_dir(plan.state_dir), plan.ports
        self.keys = ensure_keys(state / KEYS_FOLDER)
        self.mailbox = Mailbox(data_dir=state / "mailbox", port=ports.smtp)
        self.mongo = None if plan.mongo_uri else EmbeddedMongo(data_dir=state / "mongo", port=ports.mongo)
        self.kafka = None if plan.kafka_bootstrap_servers else EmbeddedKafka(data_dir=state / "kafka", port=ports.kafka)
        own_traces = TraceReceiver(data_dir=state / "traces", port=ports.traces)
        self.traces = None if plan.traces_endpoint or plan.console else own_traces
        backends = Backends(
            mongo_uri=self.mongo.address.uri if self.mongo else plan.mongo_uri,
            kafka_bootstrap_servers=(
                self.kafka.address.bootstrap_servers if self.kafka else plan.kafka_bootstrap_servers
            ),
            traces_endpoint=plan.traces_endpoint or own_traces.address,
        )
        self.backends = backends
        self._environment = shared_environment(plan=plan, backends=backends, keys=self.keys)
        self.services = {
            name: Service(
                name, plan=plan, environment={**self._environment, **own_environment(name, plan=plan, keys=self.keys)}
            )
            for name in SERVICES
        }
        self.door = PublicDoor(
            plan=plan, environment={**self._environment, **door_environment(plan=plan, keys=self.keys)}
        )
        self.console = (
            WebConsole(plan=plan, environment=console_environment(self._environment, plan=plan, keys=self.keys))
            if plan.console
            else None
        )
        self._refresher: asyncio.Task[None] | None = None

    def connect(
        self, channel: str, *, actor: str = "", timeout_seconds: float = CALL_TIMEOUT_SECONDS
    ) -> omnithread.Omnithread:
        """Connect as a channel, through the client package, inside the running loop; the caller closes it."""

        def token() -> str:
            return self.token(channel, actor=actor)

        return omnithread.connect(
            self.plan.ports.addresses(), token=token, plaintext=True, timeout_seconds=timeout_seconds
        )

    def token(self, channel: str, *, actor: str = "") -> str:
        """Mint a token for a channel; `actor` is the member of staff there."""
        return mint_channel_token(self.keys.state, channel, actor=actor)

    async def kill(self, service: str) -> None:
        """Crash one service: SIGKILL, nothing is flushed."""
        await self.services[service].kill()

    async def restart(self, service: str) -> None:
        """Start a killed service again, at the same address, and return when it serves."""
        await self.services[service].start()

    async def failure(self) -> ChildFailed:
        """Wait until any part ends by itself, however long that takes, and give what it said last."""
        waits = [asyncio.ensure_future(server.ended()) for server in self._servers()]
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return done.pop().result()

    async def __aenter__(self) -> Self:
        """Start everything."""
        await self.start()
        return self

    async def start(self) -> None:
        """Start everything, and return when it answers; where a part does not come up, nothing is left running."""
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        self._say("servers")
        await _all(server.start() for server in self._servers() if not isinstance(server, (Service, PublicDoor)))
        self._write_service_tokens()
        self._refresher = asyncio.create_task(self._refresh_tokens())
        self._say("migrations")
        await migrate(plan=self.plan, environment=self._environment)
        self._say("services")
        await _all(service.start() for service in (*self.services.values(), self.door))

    async def _refresh_tokens(self) -> None:
        while True:
            await asyncio.sleep(TOKEN_REFRESH_SECONDS)
            self._write_service_tokens()

    def _write_service_tokens(self) -> None:
        for name in (*SERVICES, DOOR):
            write_service_token(self.keys.state, name)

    def _servers(self) -> list[Server[Any]]:  # addresses of several types
        """Give every process in the order in which they start."""
        found = (self.mongo, self.kafka, self.mailbox, self.traces, self.console, *self.services.values(), self.door)
        return [server for server in found if server is not None]

    async def stop(self) -> None:
        """Take everything down that runs; safe to repeat."""
        if self._refresher is not None:
            self._refresher.cancel()
            with suppress(asyncio.CancelledError):
                await self._refresher
        await self.door.stop()  # nobody comes in any more
        await _all(service.stop() for service in self.services.values())
        await _all(server.stop() for server in (self.mailbox, self.traces, self.console) if server is not None)
        for server in (self.kafka, self.mongo):
            if server is not None:
                # An orderly stop of the embedded servers takes seconds, and only matters to who comes back.
                await (server.stop() if self.plan.keep_data else server.kill())
        if not self.plan.keep_data:
            await drop_what_is_elsewhere(self.plan)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything, whatever happened inside."""
        await self.stop()


async def _all(steps: Iterable[Awaitable[object]]) -> None:
    """Do all of it at once, to the end, and raise the first failure."""
    outcomes = await asyncio.gather(*steps, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
