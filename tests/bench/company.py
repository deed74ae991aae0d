"""The five services as processes on given servers, in plaintext, with databases, topics and keys of their own.

In plaintext, since the references are: TLS costs both sides the same, and would only hide the difference.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import omnithread
from deploy.local.keys import Keys, ensure_keys, mint_channel_token, write_service_token
from deploy.local.plan import SERVICES, Plan, free_ports, fresh_prefix
from deploy.local.service import Backends, Service, migrate, own_environment, shared_environment, variables
from deploy.local.state import KEYS_FOLDER, private_dir
from libs.events.kafka import KafkaAccess, ensure_topics
from libs.rpc.scopes import EVERY
from libs.settings import ServiceSettings

LONG_SECONDS = 40_000.0
"""How long tokens are good: longer than any run."""
SETTINGS: Mapping[str, str] = {
    "kafka_idle_pause_seconds": "0.15",  # the embedded broker answers an idle consumer at once
    "token_most_seconds": str(LONG_SECONDS + 60),
}
HEARS_NOBODY: Mapping[str, object] = {"kafka_idle_pause_seconds": 0.5}
"""As often as a Kafka that has nothing to tell lets a consumer ask: the embedded broker would answer at once."""
CALL_SECONDS = 60.0
START_SECONDS = 600.0
"""However busy the machine is: a run that fails at a start tells nothing."""
PARTITIONS: int = ServiceSettings.model_fields["kafka_partitions"].default
AREAS = ("profile", "cart", "preference", "messaging", "context")
NO_EXPORT: Mapping[str, str] = {"OTEL_EXPORTER_OTLP_ENDPOINT": "", "OMNITHREAD_LOG_LEVEL": "error"}
"""Observability off, as far as the suite can be told so: nothing is recorded, and only errors are logged."""


class Company:
    """Inside the block all five serve."""

    def __init__(
        self,
        *,
        folder: Path,
        mongo_uri: str,
        kafka_bootstrap: str,
        traces_endpoint: str,
        trace_ratio: float,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.plan = Plan(
            state_dir=private_dir(folder),
            ports=free_ports(),
            prefix=fresh_prefix("bench"),
            settings={**SETTINGS, "trace_ratio": str(trace_ratio)},
            mongo_uri=mongo_uri,
            kafka_bootstrap_servers=kafka_bootstrap,
            traces_endpoint=traces_endpoint,
            encrypted=False,
        )
        self.keys: Keys = ensure_keys(folder / KEYS_FOLDER)
        backends = Backends(
            mongo_uri=mongo_uri, kafka_bootstrap_servers=kafka_bootstrap, traces_endpoint=traces_endpoint
        )
        shared = shared_environment(plan=self.plan, backends=backends, keys=self.keys)
        self._environment = {**shared, **(environment or {})}
        self._stack = AsyncExitStack()
        self.services = {name: self._service(name, self.plan, {}) for name in SERVICES}

    @property
    def pids(self) -> dict[str, int]:
        """The processes, by service."""
        return {name: _pid(service) for name, service in self.services.items()}

    def address(self, name: str) -> str:
        """Give where a service answers."""
        return self.plan.ports.address_of(name)

    def token(self, channel: str, *, actor: str = "") -> str:
        """Mint a token that is good for the whole run, and for everything."""
        return mint_channel_token(self.keys.state, channel, actor=actor, scopes=EVERY, lifetime_seconds=LONG_SECONDS)

    def connect(self, channel: str, *, actor: str = "", address: str = "") -> omnithread.Omnithread:
        """Connect as a channel, to the company or to one process; the caller closes it."""
        return omnithread.connect(
            address or self.plan.ports.addresses(),
            token=self.token(channel, actor=actor),
            plaintext=True,
            timeout_seconds=CALL_SECONDS,
        )

    async def branch(self, name: str, settings: Mapping[str, object], *, number: int) -> Service:
        """Make one more process of a service, not started: with settings of its own, among the other four.

        It has topics and groups of its own: what it announces, nobody hears.
        """
        prefix = fresh_prefix("branch")
        plan = replace(self.plan, state_dir=self.plan.state_dir / f"branch-{number}", ports=free_ports())
        access = KafkaAccess(bootstrap_servers=self.plan.kafka_bootstrap_servers)
        await ensure_topics(access, [f"{prefix}omnithread.{area}.v1.events" for area in AREAS], partitions=PARTITIONS)
        return self._service(name, plan, variables({"topic_prefix": prefix, **HEARS_NOBODY, **settings}))

    def _service(self, name: str, plan: Plan, environment: Mapping[str, str]) -> Service:
        own = own_environment(name, plan=plan, keys=self.keys)
        service = Service(name, plan=plan, environment={**self._environment, **own, **environment})
        service._start_timeout_seconds = START_SECONDS
        return service

    async def __aenter__(self) -> Self:
        for name in SERVICES:
            write_service_token(self.keys.state, name, lifetime_seconds=LONG_SECONDS)
        await migrate(plan=self.plan, environment=self._environment)
        async with AsyncExitStack() as stack:
            for service in self.services.values():
                stack.push_async_callback(service.stop)
            await at_once(*(service.start() for service in self.services.values()))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()


async def at_once(*starts: Awaitable[object]) -> None:
    """Start several, all to the end, and raise the first failure."""
    for outcome in await asyncio.gather(*starts, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _pid(service: Service) -> int:
    assert service.pid is not None
    return service.pid
