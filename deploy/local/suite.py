"""The whole suite as processes on this machine: servers, keys, migrations, services, door; up in order, then down.

async with Suite(Plan(state_dir=folder)) as suite:
    async with suite.connect("web-shop") as shop:
        await shop.start_session([omnithread.cookie("visitor-1")])
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import omnithread
from deploy.local.authority import ensure_authority
from deploy.local.backends import EmbeddedKafka, EmbeddedMongo
from deploy.local.child import ChildFailed
from deploy.local.console import WebConsole, console_environment
from deploy.local.door import DOOR, PublicDoor, door_environment
from deploy.local.granting import usual_scopes
from deploy.local.keys import ensure_keys, mint_channel_token, write_service_token
from deploy.local.leftovers import drop_what_is_elsewhere
from deploy.local.mailbox import Mailbox
from deploy.local.plan import SERVICES, Plan
from deploy.local.server import Server
from deploy.local.service import Backends, Service, in_checkout, migrate, own_environment, shared_environment
from deploy.local.state import KEYS_FOLDER, ROOT, private_dir
from deploy.local.traces import TraceReceiver
from libs.clock import system_clock

TOKEN_REFRESH_SECONDS = 120.0  # they are good for a quarter of an hour

RECONNECT_SECONDS = 6.0
"""Clients that lost a replica look for it again after 5 s at the latest."""

# Everything shares this machine, maybe with much else.
CALL_TIMEOUT_SECONDS = 20.0


class Suite:
    """One run; inside the block everything answers. Raises ChildFailed where a part does not come up."""

    def __init__(self, plan: Plan, *, say: Callable[[str], None] = lambda _: None, roots: Sequence[Path] = ()) -> None:
        """Plan it; `roots` are the checkouts of the first, second, ... replicas: ours where none is named."""
        self.plan = plan
        self._say = say
        state, ports = private_dir(plan.state_dir), plan.ports
        self.keys = ensure_keys(state / KEYS_FOLDER)
        self.authority = ensure_authority(plan.tls_dir, (*SERVICES, DOOR), now=system_clock())
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
        self.replicas = {
            name: [
                self.replica(name, place + 1, root=roots[place] if place < len(roots) else ROOT)
                for place in range(len(plan.ports.replicas(name)))
            ]
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

    @property
    def services(self) -> dict[str, Service]:
        """The first replica of each service."""
        return {name: replicas[0] for name, replicas in self.replicas.items()}

    def replica(self, name: str, number: int, *, root: Path = ROOT) -> Service:
        """Make a replica (1, 2, ...) of a service, from this checkout or from another version's."""
        own = own_environment(name, plan=self.plan, keys=self.keys, replica=number)
        environment = in_checkout({**self._environment, **own}, root)
        return Service(name, plan=self.plan, environment=environment, replica=number, root=root)

    async def replace(self, number: int, *, root: Path = ROOT) -> dict[str, float]:
        """Stop a replica (1, 2, ...) of each service in order, and start one of this or another checkout.

        All services at once; returns when all serve, and clients have found them again: others may go now.
        Gives how many seconds each took to end, by its name. Raises ChildFailed where one did not end by itself.
        """
        seconds: dict[str, float] = {}

        async def stop(name: str) -> None:
            before = self.replicas[name][number - 1]
            seconds[before.name] = await before.stop_in_order()

        async def start(name: str) -> None:
            self.replicas[name][number - 1] = after = self.replica(name, number, root=root)
            await after.start()

        await _all(stop(name) for name in SERVICES)
        await _all(start(name) for name in SERVICES)  # not beside: a start would take the CPU that an end needs
        await asyncio.sleep(RECONNECT_SECONDS)
        return seconds

    async def migrate(self) -> None:
        """Make what the services need in the database and at the broker, where it is missing. Raises ChildFailed."""
        await migrate(plan=self.plan, environment=self._environment)

    def connect(
        self,
        channel: str,
        *,
        actor: str = "",
        scopes: Iterable[str] | None = None,
        timeout_seconds: float = CALL_TIMEOUT_SECONDS,
    ) -> omnithread.Omnithread:
        """Connect as a channel, through the client package, inside the running loop; the caller closes it."""

        def token() -> str:
            return self.token(channel, actor=actor, scopes=scopes)

        return omnithread.connect(
            self.plan.ports.addresses(),
            token=token,
            root_certificates=self.root_certificates,
            plaintext=not self.plan.encrypted,
            timeout_seconds=timeout_seconds,
        )

    @property
    def root_certificates(self) -> bytes | None:
        """Whom clients have to trust; None where all is in plaintext."""
        return self.authority.file.read_bytes() if self.plan.encrypted else None

    def token(self, channel: str, *, actor: str = "", scopes: Iterable[str] | None = None) -> str:
        """Mint a token for a channel; `actor` is the member of staff there.

        Without `scopes` it may do what channels of its kind usually do.
        """
        granted = usual_scopes(channel) if scopes is None else scopes
        return mint_channel_token(self.keys.state, channel, actor=actor, scopes=granted)

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
        await self.migrate()
        self._say("services")
        await _all(service.start() for service in (*self._all_replicas(), self.door))

    async def _refresh_tokens(self) -> None:
        while True:
            await asyncio.sleep(TOKEN_REFRESH_SECONDS)
            self._write_service_tokens()

    def _write_service_tokens(self) -> None:
        for name in (*SERVICES, DOOR):
            write_service_token(self.keys.state, name)

    def _all_replicas(self) -> list[Service]:
        return [replica for replicas in self.replicas.values() for replica in replicas]

    def _servers(self) -> list[Server[Any]]:  # addresses of several types
        """Give every process in the order in which they start."""
        found = (self.mongo, self.kafka, self.mailbox, self.traces, self.console, *self._all_replicas(), self.door)
        return [server for server in found if server is not None]

    async def stop(self) -> None:
        """Take everything down that runs; safe to repeat."""
        if self._refresher is not None:
            self._refresher.cancel()
            with suppress(asyncio.CancelledError):
                await self._refresher
        await self.door.stop()  # nobody comes in any more
        await _all(service.stop() for service in self._all_replicas())
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
